-- Adds up what the group has, once for a writer who is alone. Others wait for one another where
-- they could pass the limit together, and add up again: margin is more than those who write at the
-- same time can add, infinity where that is not known, and null for who adds nothing.
-- A number that is kept for each group would spare the sum (65 ms for 300,000 genomes), but every
-- writer of a group would wait for the one before until its end, far from the limit as well.
create or replace function internal.keep_limit(
    kind text,
    group_ids bigint[],
    grown numeric[],
    margin numeric,
    needed integer default 0
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    limited record;
    key bigint;
    is_alone boolean;
    stored numeric;
begin
    for limited in
        select limits.group_id, limits.at_most, added.grown
        from unnest(keep_limit.group_ids, keep_limit.grown) as added (group_id, grown)
        inner join internal.limits_of(keep_limit.kind) as limits
            on added.group_id = limits.group_id
        where added.grown > 0 or keep_limit.needed > 0
        order by limits.group_id
    loop
        key := hashtextextended('aspen.group_limits.' || keep_limit.kind, limited.group_id);
        is_alone := keep_limit.margin is null or pg_try_advisory_xact_lock(key);
        stored := internal.stored_by_group(keep_limit.kind, limited.group_id);
        if not is_alone and stored > limited.at_most - keep_limit.margin then
            perform pg_advisory_xact_lock(key);
            stored := internal.stored_by_group(keep_limit.kind, limited.group_id);
        end if;
        if stored + keep_limit.needed > limited.at_most then
            perform internal.refuse_above_limit(limited.group_id, keep_limit.kind,
                limited.at_most, stored - limited.grown, limited.grown);
        end if;
    end loop;
end
$$;

comment on function internal.keep_limit(text, bigint[], numeric[], numeric, integer) is
$$Refuse what passes the limit of a group

kind: as in internal.limits_of. group_ids and grown: what the statement added, by group, which is never
refused where it is not positive. needed: the room that must be left after it. Errors: 413 group_limit_exceeded.$$;

revoke all on function internal.keep_limit(
    text, bigint[], numeric[], numeric, integer
) from public;
grant execute on function internal.keep_limit(
    text, bigint[], numeric[], numeric, integer
) to results_keeper;

-- Counts the rows that a PATCH or DELETE hits and ends it at the first one too many, so that a
-- request that lacks its filter costs as much as a hundred rows, and does not run into its time
-- limit. authz.admit_preferences says how many there may be; where it says nothing, as for batch
-- functions and in SQL, there is no limit.
create or replace function internal.bound_affected_rows()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    at_most bigint := nullif(current_setting('aspen.max_affected', true), '')::bigint;
    affected bigint
        := coalesce(nullif(current_setting('aspen.affected_rows', true), '')::bigint, 0) + 1;
begin
    if affected > at_most then
        perform authz.fail(400, 'PGRST124',
            'Nothing was changed: the request affects more rows than it may',
            json_build_object('at_most', at_most, 'affected_at_least', affected)::text,
            'Filter the rows, or send Prefer: max-affected=N with the number of rows you mean.');
    end if;
    if at_most is not null then
        perform set_config('aspen.affected_rows', affected::text, true);
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end
$$;

comment on function internal.bound_affected_rows() is
$$Trigger: refuse a PATCH or DELETE that affects more rows than it may

Runs for each row, before anything else does. Errors: 400 PGRST124.$$;

revoke all on function internal.bound_affected_rows() from public;

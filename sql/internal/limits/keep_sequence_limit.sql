-- Adds up only where a group has a limit, from the lengths that its rows hold: no genome is read.
-- Near the limit, writers of the group wait for one another, so that two do not pass it together:
-- the margin is several times the largest request. A writer who is alone adds up once.
-- definer because a caller may see neither all limits nor, through a grant, all genomes.
create or replace function internal.keep_sequence_limit()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    margin constant bigint := 1000000000;
    limited record;
    key bigint;
    is_alone boolean;
    grown numeric;
    stored numeric;
begin
    if not exists (
        select from aspen.group_limits as limits where limits.most_sequence_bytes is not null
    ) then
        return null;
    end if;
    for limited in
        select limits.group_id, limits.most_sequence_bytes, written.byte_count
        from (
            select changed_rows.group_id, sum(octet_length(changed_rows.sequence)) as byte_count
            from changed_rows
            group by changed_rows.group_id
        ) as written
        inner join aspen.group_limits as limits
            on written.group_id = limits.group_id
        where limits.most_sequence_bytes is not null
        order by limits.group_id
    loop
        grown := limited.byte_count;
        -- The rows of an update are the old ones.
        if tg_op = 'UPDATE' then
            grown := (
                select sum(octet_length(sequences.sequence))
                from aspen.sequences as sequences
                where (sequences.group_id, sequences.sample_id) in (
                    select changed_rows.group_id, changed_rows.sample_id
                    from changed_rows
                    where changed_rows.group_id = limited.group_id
                )
            ) - grown;
        end if;
        if grown > 0 then
            key := hashtextextended('aspen.group_limits.sequences', limited.group_id);
            is_alone := pg_try_advisory_xact_lock(key);
            stored := (
                select sum(octet_length(sequences.sequence))
                from aspen.sequences as sequences
                where sequences.group_id = limited.group_id
            );
            if not is_alone and stored > limited.most_sequence_bytes - margin then
                perform pg_advisory_xact_lock(key);
                stored := (
                    select sum(octet_length(sequences.sequence))
                    from aspen.sequences as sequences
                    where sequences.group_id = limited.group_id
                );
            end if;
            if stored > limited.most_sequence_bytes then
                perform internal.refuse_above_limit(limited.group_id, 'sequence_bytes',
                    limited.most_sequence_bytes, stored - grown, grown);
            end if;
        end if;
    end loop;
    return null;
end
$$;

comment on function internal.keep_sequence_limit() is
$$Trigger: refuse genomes above the limit of their group

Whichever way they come. The rows are in changed_rows; of an update the old ones, and one that
makes genomes no longer is never refused. Errors: 413 group_limit_exceeded.$$;

revoke all on function internal.keep_sequence_limit() from public;

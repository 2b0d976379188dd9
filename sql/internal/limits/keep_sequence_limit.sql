-- Adds up only where a group has a limit. The margin is several times the largest request.
-- definer because a caller may see neither all limits nor, through a grant, all genomes.
create or replace function internal.keep_sequence_limit()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    if exists (select from internal.limits_of('sequence_bytes')) then
        perform internal.keep_limit('sequence_bytes', array_agg(added.group_id),
            array_agg(added.grown), 1000000000)
        from (
            select
                written.group_id,
                -- The rows of an update are the old ones.
                case when tg_op = 'UPDATE'
                    then (
                        select sum(octet_length(sequences.sequence))
                        from aspen.sequences as sequences
                        where (sequences.group_id, sequences.sample_id) in (
                            select changed_rows.group_id, changed_rows.sample_id
                            from changed_rows
                            where changed_rows.group_id = written.group_id
                        )
                    ) - written.byte_count
                    else written.byte_count
                end as grown
            from (
                select
                    changed_rows.group_id,
                    sum(octet_length(changed_rows.sequence))::numeric as byte_count
                from changed_rows
                where changed_rows.group_id in (
                    select limits.group_id from internal.limits_of('sequence_bytes') as limits
                )
                group by changed_rows.group_id
            ) as written
        ) as added;
    end if;
    return null;
end
$$;

comment on function internal.keep_sequence_limit() is
$$Trigger: refuse genomes above the limit of their group

Whichever way they come. The rows are in changed_rows; of an update the old ones, and one that
makes genomes no longer is never refused. Errors: 413 group_limit_exceeded.$$;

revoke all on function internal.keep_sequence_limit() from public;

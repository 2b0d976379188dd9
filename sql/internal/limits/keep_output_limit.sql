-- Registrations of a group with a limit wait for one another, so that two do not pass it together;
-- nobody who waits for an answer waits for them. What people request is refused once there is no
-- room at all, so that nothing is computed for nothing; imports leave no files.
-- definer because a caller may not see all limits.
create or replace function internal.keep_output_limit()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    limited record;
    grown numeric;
    stored numeric;
begin
    for limited in
        select limits.group_id, limits.most_output_bytes
        from aspen.group_limits as limits
        where limits.most_output_bytes is not null
            and limits.group_id in (select changed_rows.group_id from changed_rows)
        order by limits.group_id
    loop
        if tg_table_name = 'jobs' then
            grown := 0;
            continue when not exists (
                select from changed_rows
                inner join aspen.job_kinds as kinds
                    on changed_rows.kind = kinds.name
                where changed_rows.group_id = limited.group_id
                    and changed_rows.requested_by_id is not null
                    and not kinds.is_queued_for_sequences
                    and kinds.name <> 'import'
            );
        else
            grown := (
                select sum(changed_rows.size_bytes)
                from changed_rows
                where changed_rows.group_id = limited.group_id
            );
            if tg_op = 'UPDATE' then
                grown := grown - (
                    select sum(old_rows.size_bytes)
                    from old_rows
                    where old_rows.group_id = limited.group_id
                );
            end if;
            continue when grown <= 0;
            perform pg_advisory_xact_lock(
                hashtextextended('aspen.group_limits.outputs', limited.group_id)
            );
        end if;
        stored := (
            select coalesce(sum(outputs.size_bytes), 0)
            from aspen.job_outputs as outputs
            where outputs.group_id = limited.group_id
        );
        if stored > limited.most_output_bytes
            or tg_table_name = 'jobs' and stored = limited.most_output_bytes
        then
            perform internal.refuse_above_limit(limited.group_id, 'output_bytes',
                limited.most_output_bytes, stored - grown, grown);
        end if;
    end loop;
    return null;
end
$$;

comment on function internal.keep_output_limit() is
$$Trigger: refuse files of jobs above the limit of their group

And jobs that people request when there is no room left for their files. The rows are in changed_rows, those of an update before it in old_rows. A file that replaces a
larger one is never refused. Errors: 413 group_limit_exceeded.$$;

revoke all on function internal.keep_output_limit() from public;

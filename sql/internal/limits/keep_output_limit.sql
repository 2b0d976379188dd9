-- Nobody who waits for an answer waits for a registration. What people request is refused once
-- there is no room at all, so that nothing is computed for nothing; imports leave no files.
-- definer because a caller may not see all limits.
create or replace function internal.keep_output_limit()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    if not exists (select from internal.limits_of('output_bytes')) then
        return null;
    end if;
    case
        when tg_table_name = 'jobs' then
            perform internal.keep_limit('output_bytes', array_agg(requested.group_id),
                array_agg(0::numeric), null, needed => 1)
            from (
                select distinct changed_rows.group_id
                from changed_rows
                inner join aspen.job_kinds as kinds
                    on changed_rows.kind = kinds.name
                where changed_rows.requested_by_id is not null
                    and not kinds.is_queued_for_sequences
                    and kinds.name <> 'import'
            ) as requested;
        when tg_op = 'UPDATE' then
            perform internal.keep_limit('output_bytes', array_agg(added.group_id),
                array_agg(added.grown), 'infinity')
            from (
                select sizes.group_id, sum(sizes.size_bytes) as grown
                from (
                    select changed_rows.group_id, changed_rows.size_bytes
                    from changed_rows
                    union all
                    select old_rows.group_id, -old_rows.size_bytes as size_bytes
                    from old_rows
                ) as sizes
                group by sizes.group_id
            ) as added;
        else
            perform internal.keep_limit('output_bytes', array_agg(added.group_id),
                array_agg(added.grown), 'infinity')
            from (
                select changed_rows.group_id, sum(changed_rows.size_bytes) as grown
                from changed_rows
                group by changed_rows.group_id
            ) as added;
    end case;
    return null;
end
$$;

comment on function internal.keep_output_limit() is
$$Trigger: refuse files of jobs above the limit of their group

And jobs that people request when there is no room left for their files. The rows are in changed_rows, those of an update before it in old_rows. A file that replaces a
larger one is never refused. Errors: 413 group_limit_exceeded.$$;

revoke all on function internal.keep_output_limit() from public;

-- definer because a caller may not see all limits.
create or replace function internal.keep_upload_limit()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    perform internal.keep_limit('upload_bytes', array_agg(added.group_id),
        array_agg(added.grown), 'infinity')
    from (
        select changed_rows.group_id, sum(changed_rows.size_bytes) as grown
        from changed_rows
        group by changed_rows.group_id
    ) as added;
    return null;
end
$$;

comment on function internal.keep_upload_limit() is
$$Trigger: refuse uploads above the limit of their group

The rows are in changed_rows. Errors: 413 group_limit_exceeded.$$;

revoke all on function internal.keep_upload_limit() from public;

-- Counts only where a group has a limit. The margin is as much as a batch may have.
-- definer because a caller may see neither all limits nor, through a grant, all samples.
create or replace function internal.keep_sample_limit()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    if exists (select from internal.limits_of('samples')) then
        perform internal.keep_limit('samples', array_agg(added.group_id),
            array_agg(added.grown), 100000)
        from (
            select changed_rows.group_id, count(*)::numeric as grown
            from changed_rows
            group by changed_rows.group_id
        ) as added;
    end if;
    return null;
end
$$;

comment on function internal.keep_sample_limit() is
$$Trigger: refuse samples above the limit of their group

Whichever way they come. The rows are in changed_rows. Errors: 413 group_limit_exceeded.$$;

revoke all on function internal.keep_sample_limit() from public;

-- A group has at most 20 uploads, and internal.create_upload makes those of a group one after the
-- other.
-- definer because a caller may not see all limits.
create or replace function internal.keep_upload_limit()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    passed record;
begin
    select
        limits.group_id,
        limits.most_upload_bytes,
        stored.byte_count - added.byte_count as stored,
        added.byte_count as added
    into passed
    from aspen.group_limits as limits
    cross join lateral (
        select sum(changed_rows.size_bytes) as byte_count
        from changed_rows
        where changed_rows.group_id = limits.group_id
    ) as added
    cross join lateral (
        select sum(uploads.size_bytes) as byte_count
        from aspen.uploads as uploads
        where uploads.group_id = limits.group_id
    ) as stored
    where limits.most_upload_bytes is not null
        and limits.group_id in (select changed_rows.group_id from changed_rows)
        and stored.byte_count > limits.most_upload_bytes
    limit 1;
    if passed.group_id is not null then
        perform internal.refuse_above_limit(passed.group_id, 'upload_bytes',
            passed.most_upload_bytes, passed.stored, passed.added);
    end if;
    return null;
end
$$;

comment on function internal.keep_upload_limit() is
$$Trigger: refuse uploads above the limit of their group

The rows are in changed_rows. Errors: 413 group_limit_exceeded.$$;

revoke all on function internal.keep_upload_limit() from public;

-- definer because whoever deletes an upload may not write the queue.
create or replace function internal.queue_upload_prunes()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    insert into aspen.object_prunes (group_id, bucket, key)
    select
        gone_rows.group_id, gone_rows.bucket, internal.part_key(gone_rows.folder, parts.number)
    from gone_rows
    cross join lateral generate_series(1, gone_rows.part_count) as parts(number);
    return null;
end
$$;

comment on function internal.queue_upload_prunes() is
'Trigger: queue the objects of deleted uploads for deletion';

revoke all on function internal.queue_upload_prunes() from public;

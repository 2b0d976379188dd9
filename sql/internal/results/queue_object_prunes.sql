-- definer because whoever deletes a run may not write the queue.
create or replace function internal.queue_object_prunes()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    insert into aspen.object_prunes (group_id, job_id, bucket, key, version_id)
    select
        gone_rows.group_id,
        gone_rows.job_id,
        gone_rows.bucket,
        gone_rows.key,
        gone_rows.version_id
    from gone_rows;
    return null;
end
$$;

comment on function internal.queue_object_prunes() is
'Trigger: queue the objects of deleted outputs for deletion';

revoke all on function internal.queue_object_prunes() from public;

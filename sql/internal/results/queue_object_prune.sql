-- definer because whoever replaces an output may not write the queue.
create or replace function internal.queue_object_prune()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    insert into aspen.object_prunes (group_id, job_id, bucket, key, version_id)
    values (old.group_id, old.job_id, old.bucket, old.key, old.version_id);
    return null;
end
$$;

comment on function internal.queue_object_prune() is
'Trigger: queue the object of a replaced output for deletion';

revoke all on function internal.queue_object_prune() from public;

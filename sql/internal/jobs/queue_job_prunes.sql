-- definer because whoever deletes a job may not write the queue. Nobody knows the names of the
-- files that failed attempts left, so the entry is the folder.
create or replace function internal.queue_job_prunes()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    insert into aspen.object_prunes (group_id, job_id, bucket, key)
    select gone_rows.group_id, gone_rows.id, storage.bucket, format('jobs/%s/', gone_rows.id)
    from gone_rows
    cross join (select internal.newest_bucket() as bucket) as storage
    where gone_rows.started_at is not null and storage.bucket is not null;
    return null;
end
$$;

comment on function internal.queue_job_prunes() is
'Trigger: queue the folders of deleted jobs for deletion';

revoke all on function internal.queue_job_prunes() from public;

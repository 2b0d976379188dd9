drop table aspen.uploads;

-- What was sent and never imported stays in the bucket.
set local role none;

delete from aspen.object_prunes
where job_id is null;

set local role aspen_owner;

alter table aspen.object_prunes alter column job_id set not null;

alter table aspen.storage_credentials drop column addressing_style;

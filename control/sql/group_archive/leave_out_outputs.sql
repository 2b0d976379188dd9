-- Leave out outputs whose object is not in the archive: no row is to name a file that is not there.
delete from pg_temp.archived_job_outputs as outputs
where not exists (
    select from pg_temp.archived_objects as objects
    where
        objects.bucket = outputs.bucket
        and objects.key = outputs.key
        and objects.version_id is not distinct from outputs.version_id
);

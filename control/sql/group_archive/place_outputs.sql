-- Give each file of a job its key here: below the folder that the job has here, as it was below the
-- old one. A file that was registered from elsewhere gets a place there as well, so that no group
-- shares it.
update pg_temp.archived_objects as objects
set
    new_key = format('jobs/%%s/', jobs.new_id) || coalesce(
        substring(objects.key from '(?:^|/)jobs/' || outputs.job_id || '/(.+)$'),
        'imported/' || md5(objects.key) || '/' || substring(objects.key from '[^/]*$')
    )
from pg_temp.archived_job_outputs as outputs
inner join pg_temp.moved as jobs on jobs.table_name = 'jobs' and outputs.job_id = jobs.old_id
where
    objects.bucket = outputs.bucket
    and objects.key = outputs.key
    and objects.version_id is not distinct from outputs.version_id;

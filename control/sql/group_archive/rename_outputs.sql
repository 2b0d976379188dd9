-- Let each output name its object here. An etag keeps the form its row had, with or without quotes.
update pg_temp.archived_job_outputs as outputs
set
    bucket = %(bucket)s,
    key = objects.new_key,
    version_id = objects.new_version_id,
    etag = case
        when outputs.etag like '"%%' then objects.new_etag
        else trim(both '"' from objects.new_etag)
    end
from pg_temp.archived_objects as objects
where
    objects.new_key is not null
    and outputs.bucket = objects.bucket
    and outputs.key = objects.key
    and outputs.version_id is not distinct from objects.version_id;

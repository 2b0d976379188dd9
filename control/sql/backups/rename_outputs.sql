-- Let each output name its restored object. An etag keeps the form its row had, with or without
-- quotes.
update aspen.job_outputs as outputs
set
    bucket = moved.new_bucket,
    version_id = moved.new_version_id,
    etag = case
        when outputs.etag like '"%' then moved.new_etag
        else trim(both '"' from moved.new_etag)
    end
from pg_temp.moved as moved
where
    outputs.bucket = moved.bucket
    and outputs.key = moved.key
    and outputs.version_id is not distinct from moved.version_id;

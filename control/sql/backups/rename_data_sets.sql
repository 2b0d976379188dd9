-- Let each data set of a repository name the bucket of its restored files.
update aspen.repository_data as sets
set bucket = moved.new_bucket
from pg_temp.moved as moved
where
    sets.bucket = moved.bucket
    and moved.key in (sets.sequences_key, sets.metadata_key);

-- Let each upload name the bucket of its restored parts.
update aspen.uploads as uploads
set bucket = moved.new_bucket
from pg_temp.moved as moved
where
    uploads.bucket = moved.bucket
    and uploads.folder = substring(moved.key from '^group/[0-9]+/uploads/[^/]*/');

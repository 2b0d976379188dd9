-- Note what S3 calls the objects that were stored.
update pg_temp.archived_objects as objects
set new_version_id = stored.version_id, new_etag = stored.etag
from
    unnest(%(numbers)s::bigint[], %(version_ids)s::text[], %(etags)s::text[])
        as stored (number, version_id, etag)
where objects.number = stored.number;

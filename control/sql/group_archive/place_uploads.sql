-- Give each part of an upload its key here: below the folder that its group has here.
update pg_temp.archived_objects as objects
set
    new_key = format('group/%%s/', %(group_id)s::bigint)
    || substring(objects.key from '^group/[0-9]+/(.+)$')
from pg_temp.archived_uploads as uploads
where
    objects.bucket = uploads.bucket
    and substring(objects.key from '^group/[0-9]+/uploads/[^/]*/') = uploads.folder;

-- Let each upload name the folder that its parts have here.
update pg_temp.archived_uploads
set
    bucket = %(bucket)s,
    folder = format('group/%%s/', %(group_id)s::bigint)
    || substring(folder from '^group/[0-9]+/(.+)$');

-- Leave out uploads of which a part is not in the archive; nobody can send it here.
delete from pg_temp.archived_uploads as uploads
where (uploads.size_bytes + 67108863) / 67108864 <> (
    select count(*)
    from pg_temp.archived_objects as objects
    where
        objects.bucket = uploads.bucket
        and substring(objects.key from '^group/[0-9]+/uploads/[^/]*/') = uploads.folder
);

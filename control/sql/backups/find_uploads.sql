-- List the parts of uploads, which are only promised: they may never have been sent. A part may be
-- sent until the upload expires, so a time leaves none out.
select
    uploads.bucket,
    internal.part_key(uploads.folder, parts.number) as key,
    null as version_id,
    null::bigint as size_bytes,
    null as checksum_sha256,
    true as is_promised
from aspen.uploads as uploads
cross join lateral generate_series(1, uploads.part_count) as parts (number)
where
    (%(since)s::timestamptz is null or uploads.expires_at > now())
    and (%(group_id)s::bigint is null or uploads.group_id = %(group_id)s);

insert into aspen.job_outputs (
    group_id, job_id, kind, bucket, key, version_id, size_bytes, etag, checksum_sha256,
    verified_at
)
values (
    %(group_id)s,
    %(job_id)s,
    %(kind)s,
    %(bucket)s,
    %(key)s,
    %(version_id)s,
    %(size_bytes)s,
    %(etag)s,
    %(checksum_sha256)s, clock_timestamp()
)
on conflict (group_id, job_id, kind) do update
    set
        bucket = excluded.bucket,
        key = excluded.key,
        version_id = excluded.version_id,
        size_bytes = excluded.size_bytes,
        etag = excluded.etag,
        checksum_sha256 = excluded.checksum_sha256,
        verified_at = excluded.verified_at,
        created_at = excluded.created_at;

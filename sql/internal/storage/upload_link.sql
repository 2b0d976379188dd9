create or replace function internal.upload_link(
    bucket text,
    key text,
    size_bytes bigint,
    checksum_sha256 text,
    expires_in integer
)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
    select json_build_object(
        'url', link.url,
        'headers', sent.headers,
        'uri', 's3://' || upload_link.bucket || '/' || upload_link.key,
        'expires_at', now() + make_interval(
            secs => substring(link.url from 'X-Amz-Expires=([0-9]+)')::integer
        )
    )
    from (
        -- The type keeps a browser from showing the file as a page when it follows a link to it.
        select jsonb_strip_nulls(jsonb_build_object(
            'Content-Length', upload_link.size_bytes::text,
            'Content-Type', 'application/octet-stream',
            'x-amz-checksum-sha256',
            encode(decode(upload_link.checksum_sha256, 'hex'), 'base64')
        )) as headers
    ) as sent
    cross join lateral internal.presigned_url(
        upload_link.bucket, upload_link.key, null, upload_link.expires_in, 'PUT', '{}', sent.headers
    ) as link(url);
$$;

comment on function internal.upload_link(text, text, bigint, text, integer) is
$$A link to send one file to S3: url, headers, uri and expires_at

S3 refuses a file of another length or checksum. checksum_sha256: SHA-256 in 64
hexadecimal digits; null if it is not known.
Errors: 503 storage_unavailable.$$;

revoke all on function internal.upload_link(text, text, bigint, text, integer) from public;
grant execute on function internal.upload_link(text, text, bigint, text, integer)
to api_writer, job_runner;

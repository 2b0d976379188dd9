-- AWS Signature Version 4 in the query string, for GET, with host as the only signed header;
-- tests/sql/test_presigned_url.py compares it with botocore's.
-- definer because only presigner may read the credentials; it signs nothing but what a caller's
-- output row names.
create or replace function internal.presigned_url(
    bucket text,
    key text,
    version_id text,
    expires_in integer
)
returns text
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    credentials aspen.storage_credentials;
    signed_at timestamp := now() at time zone 'UTC';
    day text := to_char(signed_at, 'YYYYMMDD');
    host text;
    path text;
    query text;
    scope text;
    signing_key bytea;
    signature text;
begin
    select stored.* into credentials
    from aspen.storage_credentials as stored
    where stored.bucket = presigned_url.bucket;
    if credentials.bucket is null or credentials.expires_at < now() + interval '1 second' then
        perform internal.fail(503, 'storage_unavailable', 'Files cannot be fetched at the moment',
            null,
            'Try again later. Operators: run control output credentials.');
    end if;

    -- Clients omit the default port from the header that is signed.
    host := split_part(
        regexp_replace(credentials.endpoint_url, '^(http://.*):80$|^(https://.*):443$', '\1\2'),
        '://', 2
    );
    path := '/' || internal.uri_encode(presigned_url.bucket) || '/'
        || internal.uri_encode(presigned_url.key, '/');
    scope := day || '/' || credentials.region || '/s3/aws4_request';
    -- In the order of names that the canonical request needs. A link never outlives its credentials.
    query := 'X-Amz-Algorithm=AWS4-HMAC-SHA256'
        || '&X-Amz-Credential=' || internal.uri_encode(credentials.access_key_id || '/' || scope)
        || '&X-Amz-Date=' || to_char(signed_at, 'YYYYMMDD"T"HH24MISS"Z"')
        || '&X-Amz-Expires=' || least(
            presigned_url.expires_in,
            floor(extract(epoch from credentials.expires_at - now()))
        )
        || coalesce('&X-Amz-Security-Token=' || internal.uri_encode(credentials.session_token), '')
        || '&X-Amz-SignedHeaders=host'
        || coalesce('&versionId=' || internal.uri_encode(presigned_url.version_id), '');

    signing_key := internal.hmac_sha256(convert_to('AWS4' || credentials.secret_access_key,
        'UTF8'), convert_to(day, 'UTF8'));
    signing_key := internal.hmac_sha256(signing_key, convert_to(credentials.region, 'UTF8'));
    signing_key := internal.hmac_sha256(signing_key, 's3');
    signing_key := internal.hmac_sha256(signing_key, 'aws4_request');
    signature := encode(internal.hmac_sha256(signing_key, convert_to(
        concat_ws(E'\n',
            'AWS4-HMAC-SHA256',
            to_char(signed_at, 'YYYYMMDD"T"HH24MISS"Z"'),
            scope,
            encode(sha256(convert_to(
                concat_ws(E'\n', 'GET', path, query, 'host:' || host, '', 'host',
                    'UNSIGNED-PAYLOAD'), 'UTF8'
            )), 'hex')
        ), 'UTF8')), 'hex');
    return credentials.endpoint_url || path || '?' || query || '&X-Amz-Signature=' || signature;
end
$$;

comment on function internal.presigned_url(text, text, text, integer) is
$$A URL that fetches an S3 object without credentials

version_id: of the object; null for the version that is there when it is fetched, as in a bucket
without versions. expires_in: seconds; never longer than the credentials are valid. Errors: 503
storage_unavailable. Source: AWS Signature Version 4, authenticating requests with query parameters.$$;

revoke all on function internal.presigned_url(text, text, text, integer) from public;
grant execute on function internal.presigned_url(text, text, text, integer) to member;

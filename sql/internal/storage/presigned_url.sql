-- AWS Signature Version 4 in the query string; tests/sql/test_presigned_url.py compares it with
-- botocore's, byte for byte.
-- definer because only presigner may read the credentials; it signs nothing but what its callers,
-- functions of the database, name.
create or replace function internal.presigned_url(
    bucket text,
    key text,
    version_id text,
    expires_in integer,
    method text default 'GET',
    parameters jsonb default '{}',
    headers jsonb default '{}'
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
    origin text;
    host text;
    path text;
    asked text;
    signed_names text;
    signed_lines text;
    proof text;
    scope text;
    signing_key bytea;
    signature text;
begin
    select stored.* into credentials
    from aspen.storage_credentials as stored
    where stored.bucket = presigned_url.bucket;
    if credentials.bucket is null or credentials.expires_at < now() + interval '1 second' then
        perform internal.fail(503, 'storage_unavailable',
            'Files cannot be fetched or sent at the moment', null,
            'Try again later. Operators: run control output credentials.');
    end if;

    origin := credentials.endpoint_url;
    path := '/' || internal.uri_encode(presigned_url.key, '/');
    -- No certificate covers a bucket with a dot in its name, and an address has no names below it.
    if credentials.addressing_style = 'virtual'
        and not (presigned_url.bucket ~ '[.]' and origin ~ '^https:')
        and origin !~ '^https?://([0-9.]+|\[.*\])(:[0-9]+)?$'
    then
        origin := replace(origin, '://', '://' || presigned_url.bucket || '.');
    else
        path := '/' || internal.uri_encode(presigned_url.bucket) || path;
    end if;
    -- Clients omit the default port from the header that is signed.
    host := split_part(
        regexp_replace(origin, '^(http://.*):80$|^(https://.*):443$', '\1\2'), '://', 2
    );
    scope := day || '/' || credentials.region || '/s3/aws4_request';

    select
        string_agg(given.name, ';' order by given.name collate "C"),
        string_agg(given.name || ':' || given.value || E'\n', '' order by given.name collate "C")
    into signed_names, signed_lines
    from (
        select
            lower(sent.key) as name,
            regexp_replace(btrim(sent.value, E' \t'), '\s+', ' ', 'g') as value
        from jsonb_each_text(presigned_url.headers) as sent
        union all
        select 'host', host
    ) as given;

    select
        string_agg(
            internal.uri_encode(pairs.key) || '=' || internal.uri_encode(pairs.value), '&'
            order by pairs.key collate "C"
        ) || '&'
    into asked
    from jsonb_each_text(
        presigned_url.parameters
        || jsonb_strip_nulls(jsonb_build_object('versionId', presigned_url.version_id))
    ) as pairs;
    -- A link never outlives its credentials.
    proof := 'X-Amz-Algorithm=AWS4-HMAC-SHA256'
        || '&X-Amz-Credential=' || internal.uri_encode(credentials.access_key_id || '/' || scope)
        || '&X-Amz-Date=' || to_char(signed_at, 'YYYYMMDD"T"HH24MISS"Z"')
        || '&X-Amz-Expires=' || least(
            presigned_url.expires_in,
            floor(extract(epoch from credentials.expires_at - now()))
        )
        || '&X-Amz-SignedHeaders=' || internal.uri_encode(signed_names)
        || coalesce('&X-Amz-Security-Token=' || internal.uri_encode(credentials.session_token), '');
    asked := coalesce(asked, '') || proof;

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
                concat_ws(E'\n',
                    presigned_url.method,
                    path,
                    (
                        select string_agg(parts.part, '&'
                            order by split_part(parts.part, '=', 1) collate "C")
                        from regexp_split_to_table(asked, '&') as parts(part)
                    ),
                    signed_lines,
                    signed_names,
                    'UNSIGNED-PAYLOAD'
                ), 'UTF8'
            )), 'hex')
        ), 'UTF8')), 'hex');
    return origin || path || '?' || asked || '&X-Amz-Signature=' || signature;
end
$$;

comment on function internal.presigned_url(text, text, text, integer, text, jsonb, jsonb) is
$$A URL that fetches or sends an S3 object without credentials

version_id: of the object; null for the version that is there when it is fetched, as in a bucket
without versions. expires_in: seconds; never longer than the credentials are valid. method: GET
(default) or PUT. parameters: of the query, such as partNumber and uploadId of a part. headers: which
whoever uses the URL must send exactly so, such as Content-Length. Errors: 503 storage_unavailable.
Source: AWS Signature Version 4, authenticating requests with query parameters.$$;

revoke all on function internal.presigned_url(text, text, text, integer, text, jsonb, jsonb)
from public;
grant execute on function internal.presigned_url(text, text, text, integer, text, jsonb, jsonb)
to member, api_writer, job_runner;

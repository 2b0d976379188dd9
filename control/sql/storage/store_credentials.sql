insert into aspen.storage_credentials (
    bucket,
    region,
    endpoint_url,
    access_key_id,
    secret_access_key,
    session_token,
    expires_at,
    addressing_style
)
values (
    %(bucket)s,
    %(region)s,
    %(endpoint_url)s,
    %(access_key_id)s,
    %(secret_access_key)s,
    %(session_token)s,
    %(expires_at)s,
    %(addressing_style)s
)
on conflict (bucket) do update
    set
        region = excluded.region,
        endpoint_url = excluded.endpoint_url,
        access_key_id = excluded.access_key_id,
        secret_access_key = excluded.secret_access_key,
        session_token = excluded.session_token,
        expires_at = excluded.expires_at,
        addressing_style = excluded.addressing_style,
        updated_at = now();

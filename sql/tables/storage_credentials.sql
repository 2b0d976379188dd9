-- Short-lived S3 credentials. The control plane refreshes them, and only the role presigner can
-- read them.
create table aspen.storage_credentials (
    bucket text constraint storage_credentials_pkey primary key,
    region text not null,
    endpoint_url text not null,
    access_key_id text not null,
    secret_access_key text not null,
    session_token text,
    expires_at timestamptz not null,
    updated_at timestamptz not null default now(),
    addressing_style text not null default 'path',
    constraint storage_credentials_addressing_style_check
    check (addressing_style in ('path', 'virtual')),
    constraint storage_credentials_endpoint_url_form_check
    check (endpoint_url ~ '^https?://[^/?#\s]+$')
);

comment on table aspen.storage_credentials is 'S3 credentials that sign links to files, one row per bucket';
comment on column aspen.storage_credentials.addressing_style is
'Where a link names the bucket: path, or virtual for the name of the host';

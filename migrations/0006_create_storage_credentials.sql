-- Short-lived S3 credentials that presigned URLs are made with.
-- depends: 0001_create_reference_tables

-- Short-lived S3 credentials that the control plane refreshes and that only the presigner role can
-- read.
create table aspen.storage_credentials (
    bucket text constraint storage_credentials_pkey primary key,
    region text not null,
    endpoint_url text not null,
    access_key_id text not null,
    secret_access_key text not null,
    session_token text,
    expires_at timestamptz not null,
    updated_at timestamptz not null default now(),
    constraint storage_credentials_endpoint_url_form_check
    check (endpoint_url ~ '^https?://[^/?#\s]+$')
);

comment on table aspen.storage_credentials is 'Credentials that presigned URLs are made with, one row per bucket';

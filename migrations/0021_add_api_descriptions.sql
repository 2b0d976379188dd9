-- Keeps what the API answers about itself, one row per role.
-- depends: 0020_rotate_secrets_and_export_parquet

create table aspen.api_descriptions (
    role_name text constraint api_descriptions_pkey primary key,
    catalog_state text not null,
    openapi json not null,
    json_schema json not null,
    manual text not null,
    made_at timestamptz not null default now(),
    constraint api_descriptions_role_name_check check (
        role_name in ('anon', 'member', 'operator', 'job')
    ),
    constraint api_descriptions_catalog_state_form_check check (catalog_state ~ '^[0-9a-f]{32}$')
);

comment on table aspen.api_descriptions is 'Answers of the API about itself, one row per role, written after each load';
comment on column aspen.api_descriptions.role_name is 'Role that receives the answers: anon, member, operator or job';
comment on column aspen.api_descriptions.catalog_state is
'MD5 of the catalogue rows they were made from; where these have changed, they are not used';
comment on column aspen.api_descriptions.openapi is 'OpenAPI document without its version and the address of the API';
comment on column aspen.api_descriptions.json_schema is 'JSON Schemas of all rows and arguments';
comment on column aspen.api_descriptions.manual is 'Manual in Markdown';
comment on column aspen.api_descriptions.made_at is 'When the control plane wrote them';

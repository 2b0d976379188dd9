-- A record of who changed which row of a group, kept apart from the rows themselves.
-- depends: 0002_create_identity_tables

-- Who changed which tenant row when. No foreign keys: the record outlives the row, the group and
-- the user.
create table aspen.audit_log (
    id bigint generated always as identity constraint audit_log_pkey primary key,
    occurred_at timestamptz not null default now(),
    group_id bigint not null,
    table_name text not null,
    row_id bigint not null,
    action text not null,
    user_id bigint,
    role_name text not null,
    constraint audit_log_action_check check (action in ('insert', 'update', 'delete'))
);

create index audit_log_group_id_id_idx on aspen.audit_log (group_id, id);

create index audit_log_table_name_row_id_idx on aspen.audit_log (table_name, row_id);

comment on table aspen.audit_log is 'Append-only record of every change of a tenant row';

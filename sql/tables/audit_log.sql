-- Who changed which tenant row when, and who was let in or shut out. No foreign keys: the record
-- outlives the row, the group and the user. group_id is null for what belongs to no group: users,
-- credentials, keys; row_id for what has no number.
create table aspen.audit_log (
    id bigint generated always as identity constraint audit_log_pkey primary key,
    occurred_at timestamptz not null default now(),
    group_id bigint,
    table_name text not null,
    row_id bigint,
    action text not null,
    user_id bigint,
    role_name text not null,
    actor text default nullif(current_setting('aspen.operator', true), ''),
    details jsonb,
    constraint audit_log_action_check check (action in ('insert', 'update', 'delete'))
);

create index audit_log_group_id_id_idx on aspen.audit_log (group_id, id);

create index audit_log_table_name_row_id_idx on aspen.audit_log (table_name, row_id);

comment on table aspen.audit_log is 'Append-only record of every change of a tenant row and of access';
comment on column aspen.audit_log.actor is 'Who ran the control plane; null for a request of the API';
comment on column aspen.audit_log.details is
$$What a change of access changed: values after it and, under "before", those that differed$$;

-- code: unloaded
-- Entries stay, values and replaced letters go.
-- squawk-ignore-file ban-drop-table
drop table aspen.replaced_sequences;

alter table aspen.audit_log set schema control;

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

-- The owner of the tables is under row-level security itself.
set local role none;

insert into aspen.audit_log (
    id, occurred_at, group_id, table_name, row_id, action, user_id, role_name, actor, details
)
overriding system value
select
    entries.id,
    entries.occurred_at,
    entries.group_id,
    entries.table_name,
    entries.row_id,
    entries.action,
    entries.user_id,
    entries.role_name,
    entries.actor,
    entries.details
from control.audit_log as entries
order by entries.id;

select pg_catalog.setval(
    pg_catalog.pg_get_serial_sequence('aspen.audit_log', 'id'),
    (select coalesce(max(entries.id), 0) + 1 from aspen.audit_log as entries), false
);

set local role aspen_owner;

drop table control.audit_log;

comment on table aspen.audit_log is 'Append-only audit log of changes to tenant rows and to access';
comment on column aspen.audit_log.group_id is
'Group of the row; null for users, credentials and keys, which belong to no group';
comment on column aspen.audit_log.table_name is 'Table of the row, without its schema';
comment on column aspen.audit_log.row_id is 'id of the row; null if its key is not a number';
comment on column aspen.audit_log.action is 'insert, update or delete';
comment on column aspen.audit_log.user_id is
'User whose token the request carried; null for the control plane and psql';
comment on column aspen.audit_log.role_name is 'Database role that made the change';
comment on column aspen.audit_log.actor is
'Person who ran control, as user@host or ASPEN_OPERATOR; null for a request to the API';
comment on column aspen.audit_log.details is
$$Values after a change of access and, under "before", the old values that differed; never a secret$$;

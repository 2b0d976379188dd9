-- NOTE: nothing is granted to API roles: no resource of the API shows this table.

alter table aspen.audit_log enable row level security;

alter table aspen.audit_log force row level security;

grant insert (group_id, table_name, row_id, action, user_id, role_name, details)
on aspen.audit_log to auditor;

drop policy if exists audit_log_insert_auditor on aspen.audit_log;

create policy audit_log_insert_auditor on aspen.audit_log
for insert
to auditor
with check (true);

comment on policy audit_log_insert_auditor on aspen.audit_log is
'Written by the triggers of tenant tables and of access';

-- `control db trim-audit-log` says what it is about to do, so that nothing else does it by mistake;
-- API roles may not delete here at all.
create or replace trigger audit_log_refuse_change
before update or delete or truncate on aspen.audit_log
for each statement
when (current_setting('aspen.trims_audit_log', true) is distinct from 'on')
execute function internal.refuse_change();

-- NOTE: nothing is granted to API roles: no resource of the API shows this table.

grant insert (
    group_id, table_name, row_id, action, user_id, role_name, details
) on aspen.audit_log to auditor;

create policy audit_log_insert_auditor on aspen.audit_log
for insert to auditor
with check (true);

comment on policy audit_log_insert_auditor on aspen.audit_log is
'Written by the triggers of tenant tables and of access';

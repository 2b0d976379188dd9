-- groups is the tenant itself: its own id is the group_id.
-- definer because only the auditor may write audit_log.
create or replace function internal.record_group_changes()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    insert into aspen.audit_log (group_id, table_name, row_id, action, user_id, role_name)
    select
        changed_rows.id,
        tg_table_name,
        changed_rows.id,
        lower(tg_op),
        authz.caller_id(),
        coalesce(nullif(current_setting('role', true), 'none'), session_user)
    from changed_rows;
    return null;
end
$$;

comment on function internal.record_group_changes() is
'Trigger: record changed groups in the audit log';

revoke all on function internal.record_group_changes() from public;

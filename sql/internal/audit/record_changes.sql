-- One insert per statement, from its transition table: a batch of 10,000 rows costs one more
-- statement, not 10,000. definer because only the auditor may write audit_log.
create or replace function internal.record_changes()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    insert into aspen.audit_log (group_id, table_name, row_id, action, user_id, role_name)
    select
        changed_rows.group_id,
        tg_table_name,
        changed_rows.id,
        lower(tg_op),
        authz.caller_id(),
        coalesce(nullif(current_setting('role', true), 'none'), session_user)
    from changed_rows;
    return null;
end
$$;

comment on function internal.record_changes() is
$$Trigger: record the changed rows of a statement in the audit log

They are in changed_rows, with id and group_id.$$;

revoke all on function internal.record_changes() from public;

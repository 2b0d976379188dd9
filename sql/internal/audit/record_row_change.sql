-- For tables with wide rows: a transition table would copy every sequence once more.
-- definer because only the auditor may write audit_log.
create or replace function internal.record_row_change()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    -- Read here, because the statement below may be planned again for every row.
    caller_id bigint := authz.caller_id();
    acting_role text := authz.acting_role();
begin
    insert into aspen.audit_log (group_id, table_name, row_id, action, user_id, role_name)
    values (
        case tg_op when 'DELETE' then old.group_id else new.group_id end,
        tg_table_name,
        case tg_op when 'DELETE' then old.id else new.id end,
        lower(tg_op),
        caller_id,
        acting_role
    );
    return null;
end
$$;

comment on function internal.record_row_change() is
'Trigger: record one changed row (id, group_id) in the audit log';

revoke all on function internal.record_row_change() from public;

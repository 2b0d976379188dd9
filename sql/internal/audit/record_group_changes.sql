-- groups is the tenant itself: its own id is the group_id. All else is as in
-- internal.record_changes.
-- definer because only the auditor may write audit_log.
create or replace function internal.record_group_changes()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
set enable_hashjoin = 'on'
set enable_nestloop = 'off'
set enable_mergejoin = 'off'
set jit = 'off'
as $$
declare
    left_out text[] := coalesce(tg_argv, '{}');
begin
    if tg_op = 'INSERT' then
        insert into aspen.audit_log (group_id, table_name, row_id, action, user_id, role_name)
        select
            changed_rows.id,
            tg_table_name,
            changed_rows.id,
            'insert',
            authz.caller_id(),
            authz.acting_role()
        from changed_rows;
    elsif tg_op = 'DELETE' then
        insert into aspen.audit_log (
            group_id, table_name, row_id, action, user_id, role_name, old_values
        )
        select
            changed_rows.id,
            tg_table_name,
            changed_rows.id,
            'delete',
            authz.caller_id(),
            authz.acting_role(),
            to_jsonb(changed_rows) - left_out
        from changed_rows;
    else
        insert into aspen.audit_log (
            group_id, table_name, row_id, action, user_id, role_name, old_values, new_values
        )
        select
            versions.id,
            tg_table_name,
            versions.id,
            'update',
            authz.caller_id(),
            authz.acting_role(),
            coalesce(differences.old_values, '{}'),
            coalesce(differences.new_values, '{}')
        from (
            select
                changed_rows.id,
                to_jsonb(old_rows) - left_out as old_row,
                to_jsonb(changed_rows) - left_out as new_row
            from changed_rows
            left join old_rows on changed_rows.id = old_rows.id
            offset 0
        ) as versions
        cross join lateral (
            select
                jsonb_object_agg(cells.key, cells.value) as old_values,
                jsonb_object_agg(cells.key, versions.new_row -> cells.key) as new_values
            from jsonb_each(versions.old_row) as cells
            where cells.value <> versions.new_row -> cells.key
        ) as differences;
    end if;
    return null;
end
$$;

comment on function internal.record_group_changes() is
'Trigger: record changed groups in the audit log';

revoke all on function internal.record_group_changes() from public;

-- One insert per statement, from its transition tables: a batch of 10,000 rows costs one more
-- statement, not 10,000. An insert keeps no values: they are those of the row, or the old values of
-- its next change. The rows of an update are joined by a hash table whatever the size of the
-- statement that the plan was made for, and although functions that look rows up by keys turn
-- that off.
-- definer because only the auditor may write audit_log.
create or replace function internal.record_changes()
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
            changed_rows.group_id,
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
            changed_rows.group_id,
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
            versions.group_id,
            tg_table_name,
            versions.id,
            'update',
            authz.caller_id(),
            authz.acting_role(),
            coalesce(differences.old_values, '{}'),
            coalesce(differences.new_values, '{}')
        from (
            select
                changed_rows.group_id,
                changed_rows.id,
                to_jsonb(old_rows) - left_out as old_row,
                to_jsonb(changed_rows) as new_row
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

comment on function internal.record_changes() is
$$Trigger: record the changed rows of a statement in the audit log

They are in changed_rows, with id and group_id; of an update the old ones are in old_rows. Arguments:
the columns whose values are not kept.$$;

revoke all on function internal.record_changes() from public;

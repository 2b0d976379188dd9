-- For the tables that say who may do what: once a row is gone its id says nothing, so the columns
-- named by the trigger, after the key, are stored with their values. Secrets are not among them.
-- definer because only the auditor may write audit_log.
create or replace function internal.record_access_changes()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    changes jsonb[];
begin
    -- old_rows exists on an update only.
    if tg_op = 'UPDATE' then
        changes := array(
            select jsonb_build_object('row', to_jsonb(changed_rows), 'before', to_jsonb(old_rows))
            from changed_rows
            left join old_rows
                on to_jsonb(changed_rows) -> tg_argv[0] = to_jsonb(old_rows) -> tg_argv[0]
        );
    else
        changes := array(
            select jsonb_build_object('row', to_jsonb(changed_rows)) from changed_rows
        );
    end if;
    insert into aspen.audit_log (group_id, table_name, row_id, action, user_id, role_name, details)
    select
        (entries.change #>> '{row,group_id}')::bigint,
        tg_table_name,
        (entries.change #>> '{row,id}')::bigint,
        lower(tg_op),
        authz.caller_id(),
        authz.acting_role(),
        (
            select
                jsonb_strip_nulls(jsonb_object_agg(columns.name,
                    entries.change -> 'row' -> columns.name))
                || case when entries.change ? 'before' then jsonb_build_object(
                    'before',
                    coalesce(
                        jsonb_object_agg(columns.name, entries.change -> 'before' -> columns.name)
                        filter (where entries.change -> 'row' -> columns.name
                            is distinct from entries.change -> 'before' -> columns.name),
                        '{}'
                    )
                ) else '{}' end
            from unnest(tg_argv[1:]) as columns(name)
        )
    from unnest(changes) with ordinality as entries(change, position)
    -- That a machine token was used is no change of access.
    where tg_op <> 'UPDATE'
        or entries.change #> '{row,last_used_at}'
            is not distinct from entries.change #> '{before,last_used_at}'
    order by entries.position;
    return null;
end
$$;

comment on function internal.record_access_changes() is
$$Trigger: record in the audit log who gained or lost access

Arguments: the key of the table, then the columns whose values are stored: as they are after the
change and, where an update changed them, under "before". The rows are in changed_rows and old_rows.$$;

revoke all on function internal.record_access_changes() from public;

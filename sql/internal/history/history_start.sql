-- definer because only the auditor reads the entries of no group.
create or replace function internal.history_start()
returns timestamptz
language sql
stable
security definer
set search_path = ''
as $$
    select max(coalesce((audit_log.details ->> 'older_than')::timestamptz, audit_log.occurred_at))
    from aspen.audit_log as audit_log
    where audit_log.table_name = 'audit_log'
        and audit_log.row_id is null
        and audit_log.details ?| '{older_than,keeps}';
$$;

comment on function internal.history_start() is $$The time from which all changes are known with their values

Later than any that control db trim-audit-log deleted; null if all changes are known.$$;

revoke all on function internal.history_start() from public;
grant execute on function internal.history_start() to api_writer;

-- A computed field, not a column of the view: a list that does not need it costs nothing more. The
-- row is read again, because the argument may say anything.
create or replace function api.changed_by(api.changes)
returns jsonb
language sql
stable
security invoker
-- Planning it again for every row costs more than running it.
set plan_cache_mode = 'force_generic_plan'
-- A plan made while the table was empty would read it from end to end.
set enable_seqscan = 'off'
begin atomic
    select authz.named_user(audit_log.user_id)
    from aspen.audit_log as audit_log
    where audit_log.id = ($1).id and audit_log.occurred_at = ($1).changed_at;
end;

comment on function api.changed_by(api.changes) is $$The user who made the change

Computed column, not part of `*`; request it: select=*,changed_by. {"id", "name"}; null for the control
plane. Whoever sees the row sees it.$$;

revoke all on function api.changed_by(api.changes) from public;
grant execute on function api.changed_by(api.changes) to member;

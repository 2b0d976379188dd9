-- `control db trim-audit-log` says what it is about to do, so that nothing else does it by mistake;
-- API roles may not delete here at all.
create or replace trigger audit_log_refuse_change
before update or delete or truncate on aspen.audit_log
for each statement
when (current_setting('aspen.trims_audit_log', true) is distinct from 'on')
execute function internal.refuse_change();

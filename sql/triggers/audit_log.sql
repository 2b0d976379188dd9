-- `control db trim-audit-log` says what it is about to do, so that nothing else does it by mistake;
-- API roles may not delete here at all.
create or replace trigger audit_log_refuse_change
before update or delete or truncate on aspen.audit_log
for each statement
when (current_setting('aspen.trims_audit_log', true) is distinct from 'on')
execute function internal.refuse_change();

-- Every partition inherits this one, so that nobody goes around the parent by mistake.
create or replace trigger audit_log_refuse_row_change
before update or delete on aspen.audit_log
for each row
when (current_setting('aspen.trims_audit_log', true) is distinct from 'on')
execute function internal.refuse_change();

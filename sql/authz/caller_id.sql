-- Inlined, see authz.any_groups.
create or replace function authz.caller_id()
returns bigint
language sql
stable
security invoker
begin atomic
    select nullif(current_setting('aspen.user_id', true), '')::bigint;
end;

comment on function authz.caller_id() is
'The user who calls; null for a job, and without a token';

revoke all on function authz.caller_id() from public;
grant execute on function authz.caller_id()
to member, api_writer, claims_reader, auditor, registrar, results_keeper;

-- Inlined, see authz.any_groups.
create or replace function authz.machine_token_id()
returns bigint
language sql
stable
security invoker
begin atomic
    select nullif(current_setting('aspen.machine_token_id', true), '')::bigint;
end;

comment on function authz.machine_token_id() is
'The machine token of the request; null if a person calls';

revoke all on function authz.machine_token_id() from public;
grant execute on function authz.machine_token_id() to member, api_writer, registrar;

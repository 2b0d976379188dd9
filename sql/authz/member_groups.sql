-- Inlined, see authz.any_groups.
create or replace function authz.member_groups()
returns bigint[]
language sql
stable
security invoker
begin atomic
    select nullif(current_setting('aspen.member_groups', true), '')::bigint[];
end;

comment on function authz.member_groups() is
'Groups where the caller is directly member or admin';

revoke all on function authz.member_groups() from public;
grant execute on function authz.member_groups() to member, api_writer, claims_reader, registrar;

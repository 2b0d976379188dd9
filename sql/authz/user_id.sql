-- Inlined, see authz.any_groups.
create or replace function authz.user_id()
returns bigint
language sql
stable
security invoker
begin atomic
    select nullif(current_setting('aspen.user_id', true), '')::bigint;
end;

comment on function authz.user_id() is
'The caller as a user; null for a job, and without a token';

revoke all on function authz.user_id() from public;
grant execute on function authz.user_id() to member;

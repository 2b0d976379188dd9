-- Inlined, see authz.any_groups. In a definer function current_user is its owner; the setting still
-- names the role of the request.
create or replace function authz.acting_role()
returns text
language sql
stable
security invoker
begin atomic
    select coalesce(nullif(current_setting('role', true), 'none'), session_user);
end;

comment on function authz.acting_role() is
'The role of the request, or of the session where there is none';

revoke all on function authz.acting_role() from public;
grant execute on function authz.acting_role() to auditor;

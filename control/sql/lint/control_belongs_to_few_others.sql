-- The control plane may become the owner and the API roles, and look at the queries of others.
-- Fix: run sql/roles.sql, and revoke the membership that it does not grant.
select format('control as %s', roles.rolname) as object
from pg_catalog.pg_auth_members as memberships
inner join pg_catalog.pg_roles as roles
    on memberships.roleid = roles.oid
where
    memberships.member = 'control'::regrole
    and roles.rolname not in (
        'aspen_owner', 'anon', 'member', 'operator', 'job', 'pg_read_all_stats'
    )

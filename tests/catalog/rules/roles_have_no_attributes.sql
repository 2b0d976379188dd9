-- Only control bypasses row-level security, only three roles log in, and none is more than that.
select roles.rolname::text as offender
from pg_catalog.pg_roles as roles
where
    roles.rolname in (
        'aspen_owner', 'authenticator', 'anon', 'member', 'operator', 'job', 'control', 'analyst',
        'claims_reader', 'api_writer', 'auditor', 'presigner'
    )
    and (
        roles.rolsuper or roles.rolcreaterole or roles.rolcreatedb or roles.rolreplication
        or roles.rolbypassrls <> (roles.rolname = 'control')
        or roles.rolcanlogin <> (roles.rolname in ('authenticator', 'control', 'analyst'))
        or roles.rolinherit and roles.rolname in ('authenticator', 'anon', 'member', 'job', 'analyst')
    )

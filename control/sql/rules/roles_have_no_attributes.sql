-- Only control bypasses row-level security, only three roles log in, and none is more than that.
select
    roles.rolname::text as object,
    'the role may log in, inherit or bypass more than it must' as problem,
    'have an administrator run sql/roles.sql, which states what each role is' as cure
from pg_catalog.pg_roles as roles
where
    roles.rolname in (
        'aspen_owner', 'authenticator', 'anon', 'member', 'operator', 'job', 'control', 'analyst',
        'claims_reader', 'api_writer', 'auditor', 'job_runner', 'presigner', 'registrar',
        'results_keeper', 'observer'
    )
    and (
        roles.rolsuper or roles.rolcreaterole or roles.rolcreatedb or roles.rolreplication
        or roles.rolbypassrls <> (roles.rolname = 'control')
        or roles.rolcanlogin <> (roles.rolname in ('authenticator', 'control', 'analyst'))
        or roles.rolinherit
        and roles.rolname in ('authenticator', 'anon', 'member', 'job', 'analyst')
    )

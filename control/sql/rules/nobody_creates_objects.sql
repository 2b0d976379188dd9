-- Neither callers nor definers create anything, not even a temporary table.
select
    format('%s %s by %s', places.kind, places.name, roles.rolname) as object,
    'may create objects there' as problem,
    format(
        'revoke %s on %s %I from %I, public',
        places.privileges,
        places.kind,
        places.name,
        roles.rolname
    ) as cure
from pg_catalog.pg_roles as roles
cross join
    lateral (
        select
            'schema' as kind,
            schemas.nspname as name,
            'create' as privileges
        from pg_catalog.pg_namespace as schemas
        where has_schema_privilege(roles.oid, schemas.oid, 'create')
        union all
        select
            'database' as kind,
            databases.datname,
            'create, temporary' as privileges
        from pg_catalog.pg_database as databases
        where
            databases.datname = current_database()
            and has_database_privilege(roles.oid, databases.oid, 'create, temporary')
    ) as places
where roles.rolname in (
    'authenticator', 'anon', 'member', 'operator', 'job', 'analyst', 'claims_reader', 'api_writer',
    'auditor', 'job_runner', 'presigner', 'registrar', 'results_keeper', 'observer'
)

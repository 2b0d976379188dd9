-- API roles can name objects of api and the pre-request function of authz, and nothing else.
select format('%s by %s', schemas.nspname, roles.rolname) as offender
from pg_catalog.pg_namespace as schemas
cross join pg_catalog.pg_roles as roles
where
    roles.rolname in ('authenticator', 'anon', 'member', 'operator', 'job', 'analyst')
    and schemas.nspname not in ('api', 'authz', 'pg_catalog', 'information_schema')
    and has_schema_privilege(roles.oid, schemas.oid, 'usage')

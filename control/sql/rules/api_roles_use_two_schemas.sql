-- API roles can name objects of api, its previous versions and the pre-request function of authz,
-- and nothing else.
select
    format('%s by %s', schemas.nspname, roles.rolname) as object,
    'an API role may name the objects of this schema' as problem,
    format('revoke usage on schema %I from %I, public', schemas.nspname, roles.rolname) as cure
from pg_catalog.pg_namespace as schemas
cross join pg_catalog.pg_roles as roles
where
    roles.rolname in ('authenticator', 'anon', 'member', 'operator', 'job', 'analyst')
    and schemas.nspname !~ '^(api(_v[0-9]+)?|authz|pg_catalog|information_schema)$'
    and has_schema_privilege(roles.oid, schemas.oid, 'usage')

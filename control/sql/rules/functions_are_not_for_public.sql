-- Nothing of ours is executable by public.
select
    functions.oid::regprocedure::text as object,
    'anybody may execute it' as problem,
    format('revoke all on function %s from public', functions.oid::regprocedure) as cure
from pg_catalog.pg_proc as functions
cross join aclexplode(coalesce(functions.proacl, acldefault('f', functions.proowner))) as privileges
where
    functions.pronamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?|control)$'
    and privileges.grantee = 0

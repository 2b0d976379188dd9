-- Functions have an empty search_path; bodies of begin atomic were bound when created, unless
-- definer.
select
    functions.oid::regprocedure::text as object,
    'names in its body mean what its caller wants them to' as problem,
    format('alter function %s set search_path = ''''', functions.oid::regprocedure) as cure
from pg_catalog.pg_proc as functions
where
    functions.pronamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
    and functions.prokind in ('f', 'p')
    and (functions.prosqlbody is null or functions.prosecdef)
    and not coalesce('search_path=""' = any(functions.proconfig), false)

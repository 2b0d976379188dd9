-- A leakproof function may see rows before the policies do.
select
    functions.oid::regprocedure::text as object,
    'it may see rows before the policies do' as problem,
    format('alter function %s not leakproof', functions.oid::regprocedure) as cure
from pg_catalog.pg_proc as functions
where
    functions.pronamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
    and functions.proleakproof

-- What clients call runs with their own rights.
select
    functions.oid::regprocedure::text as object,
    'runs with the rights of its owner, and clients call it' as problem,
    format(
        'alter function %s security invoker;'
        ' what needs other rights goes into a function of internal',
        functions.oid::regprocedure
    ) as cure
from pg_catalog.pg_proc as functions
where functions.pronamespace::regnamespace::text ~ '^api(_v[0-9]+)?$' and functions.prosecdef

-- Without a token, the only function that runs with other rights is the one that looks for a token.
select functions.oid::regprocedure::text as offender
from pg_catalog.pg_proc as functions
where
    functions.pronamespace::regnamespace::text in ('aspen', 'authz', 'internal', 'api')
    and functions.prosecdef
    and has_function_privilege('anon', functions.oid, 'execute')
    and functions.oid <> 'authz.pre_request()'::regprocedure

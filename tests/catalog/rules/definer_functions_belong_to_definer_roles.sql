-- A function that runs with its owner's rights is owned by a role made for that, with policies of its own.
select format('%s of %s', functions.oid::regprocedure, functions.proowner::regrole) as offender
from pg_catalog.pg_proc as functions
where
    functions.pronamespace::regnamespace::text in ('aspen', 'authz', 'internal', 'api')
    and functions.prosecdef
    and functions.proowner::regrole::text not in ('claims_reader', 'api_writer', 'auditor', 'presigner')

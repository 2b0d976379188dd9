-- PT codes put text into the status line and 40001 makes PostgREST retry for ever, so only these
-- are raised.
-- Fix: raise the error with internal.fail(status, code, message, details, hint).
select functions.oid::regprocedure::text as object
from pg_catalog.pg_proc as functions
where
    functions.pronamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
    and (
        regexp_count(functions.prosrc, '\mraise\M', 1, 'i')
        <> regexp_count(functions.prosrc, '\mraise sqlstate ''(PGRST|55000)''')
        or functions.prosrc ~* '\m(serialization_failure|errcode)\M'
    )

-- What clients call runs with their own rights.
select functions.oid::regprocedure::text as offender
from pg_catalog.pg_proc as functions
where functions.pronamespace = 'api'::regnamespace and functions.prosecdef

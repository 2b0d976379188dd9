-- An aggregate that appends to a text as it goes takes quadratic time.
-- Fix: collect the rows in an array, and join them in the final function.
select aggregates.aggfnoid::regprocedure::text as object
from pg_catalog.pg_aggregate as aggregates
inner join pg_catalog.pg_proc as functions
    on aggregates.aggfnoid = functions.oid
inner join pg_catalog.pg_type as states
    on aggregates.aggtranstype = states.oid
where functions.pronamespace::regnamespace::text ~ '^api(_v[0-9]+)?$' and states.typcategory <> 'A'

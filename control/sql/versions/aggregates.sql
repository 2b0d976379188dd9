-- List the aggregates of api: each collects rows of a view, and its final function answers with a
-- media type.
select
    functions.proname as name,
    rows.relname as view,
    aggregates.aggfinalfn::pg_catalog.regproc::text as final_function,
    pg_catalog.format_type(finals.prorettype, null) as result,
    pg_catalog.obj_description(functions.oid, 'pg_proc') as comment,
    array(
        select entries.grantee::pg_catalog.regrole::text
        from pg_catalog.aclexplode(functions.proacl) as entries
        where entries.grantee <> functions.proowner
        order by 1
    ) as callers
from pg_catalog.pg_aggregate as aggregates
inner join pg_catalog.pg_proc as functions on aggregates.aggfnoid = functions.oid
inner join pg_catalog.pg_proc as finals on aggregates.aggfinalfn = finals.oid
inner join pg_catalog.pg_class as rows on functions.proargtypes[0] = rows.reltype
where functions.pronamespace = 'api'::pg_catalog.regnamespace;

-- Check every PL/pgSQL function, a trigger function once for each relation it serves. One that
-- serves several events is checked with the transition tables of all of them, because it asks which
-- event it is.
with checked as (
    select distinct
        functions.oid,
        coalesce(triggers.tgrelid, 0) as relation,
        max(triggers.tgoldtable::text) over each_function as old_table,
        max(triggers.tgnewtable::text) over each_function as new_table
    from pg_catalog.pg_proc as functions
    inner join pg_catalog.pg_language as languages on functions.prolang = languages.oid
    left join pg_catalog.pg_trigger as triggers
        on functions.oid = triggers.tgfoid and not triggers.tgisinternal and triggers.tgparentid = 0
    where
        languages.lanname = 'plpgsql'
        and functions.pronamespace::pg_catalog.regnamespace::text
        ~ '^(api(_v[0-9]+)?|authz|internal|aspen|control)$'
        and (functions.prorettype <> 'trigger'::pg_catalog.regtype or triggers.oid is not null)
    window each_function as (partition by functions.oid)
)

select distinct
    checked.oid::pg_catalog.regprocedure::text as function_name,
    alarms.lineno as line,
    pg_catalog.concat_ws(': ', alarms.level, alarms.message, alarms.detail) as message,
    alarms.hint
from checked
cross join
    lateral ext.plpgsql_check_function_tb(
        funcoid => checked.oid,
        relid => checked.relation,
        oldtable => checked.old_table::name,
        newtable => checked.new_table::name,
        fatal_errors => false,
        performance_warnings => false,
        extra_warnings => true,
        security_warnings => true
    ) as alarms
order by 1, 2

-- Return what must stay of functions for others to go on with them: name, arguments, defaults and
-- result; what PostgREST reads of those in its schema; who may execute them, and which transaction
-- wrote them last.
select
    functions.oid,
    functions.xmin::text as xid,
    pg_catalog.concat_ws(
        ' ',
        functions.oid::pg_catalog.regprocedure,
        functions.prokind,
        pg_catalog.pg_get_function_arguments(functions.oid),
        pg_catalog.pg_get_function_result(functions.oid)
    ) as shape,
    case
        when
            functions.pronamespace::pg_catalog.regnamespace::text ~ '^api(_v[0-9]+)?$'
            then pg_catalog.concat_ws(
                ' ',
                functions.provolatile,
                functions.proconfig,
                pg_catalog.obj_description(functions.oid, 'pg_proc')
            )
    end as read_by_api,
    array(
        select distinct entries.grantee::pg_catalog.regrole::text
        from pg_catalog.aclexplode(
            coalesce(functions.proacl, pg_catalog.acldefault('f', functions.proowner))
        ) as entries
    ) as holders
from pg_catalog.pg_proc as functions
where functions.oid = any(%s);

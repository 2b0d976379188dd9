-- List the functions of api that take no row of a view, as the parts of one that calls them.
select
    functions.proname as name,
    pg_catalog.pg_get_function_arguments(functions.oid) as arguments,
    functions.oid::pg_catalog.regprocedure::text as signature,
    pg_catalog.pg_get_function_result(functions.oid) as result,
    case functions.provolatile
        when 'i' then 'immutable' when 's' then 'stable' else 'volatile'
    end as volatility,
    case when functions.proretset then functions.prorows::integer end as rows,
    -- PostgREST takes a time limit from the function that it calls.
    array(
        select setting.text
        from unnest(functions.proconfig) as setting (text)
        where setting.text like 'statement_timeout=%'
    ) as settings,
    array(
        select
            pg_catalog.format(
                '%1$I => %2$I.%1$I', given.name, functions.proname
            )
        from
            unnest(functions.proargnames, functions.proargmodes)
            with ordinality as given (name, mode, place)
        where coalesce(given.mode, 'i') in ('i', 'b', 'v')
        order by given.place
    ) as passed,
    -- What a row of the answer has; none where the answer is one value.
    coalesce(
        (
            select
                pg_catalog.array_agg(
                    pg_catalog.quote_ident(columns.attname) order by columns.attnum
                )
            from pg_catalog.pg_attribute as columns
            where columns.attrelid = results.typrelid and columns.attnum > 0
        ),
        (
            select pg_catalog.array_agg(pg_catalog.quote_ident(given.name) order by given.place)
            from
                unnest(functions.proargnames, functions.proargmodes)
                with ordinality as given (name, mode, place)
            where given.mode in ('o', 'b', 't')
        )
    ) as columns,
    pg_catalog.obj_description(functions.oid, 'pg_proc') as comment,
    array(
        select entries.grantee::pg_catalog.regrole::text
        from pg_catalog.aclexplode(functions.proacl) as entries
        where entries.grantee <> functions.proowner
        order by entries.grantee::pg_catalog.regrole::text
    ) as callers
from pg_catalog.pg_proc as functions
inner join pg_catalog.pg_type as results on functions.prorettype = results.oid
where
    functions.pronamespace = 'api'::pg_catalog.regnamespace
    and functions.prokind = 'f'
    and not pg_catalog.starts_with(functions.proname, 'loaded_')
    and (functions.pronargs = 0 or functions.proargnames[1] <> '');

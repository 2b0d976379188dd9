-- The functions that policies compare with return a setting of the request and nothing else, and
-- the planner can inline them: one that did more would open or close every table at once.
select
    functions.oid::regprocedure::text as object,
    format('does more than return the setting aspen.%s, or cannot be inlined', settings.name)
        as problem,
    'load the code of sql/authz again: control migrate up' as cure
from (
    values
    ('any_groups', 'any_groups', 'bigint[]'),
    ('full_groups', 'full_groups', 'bigint[]'),
    ('member_groups', 'member_groups', 'bigint[]'),
    ('admin_groups', 'admin_groups', 'bigint[]'),
    ('caller_id', 'user_id', 'bigint')
) as settings (function_name, name, type)
inner join pg_catalog.pg_proc as functions
    on
        settings.function_name = functions.proname
        and functions.pronamespace::regnamespace::text = 'authz'
inner join pg_catalog.pg_language as languages on functions.prolang = languages.oid
where
    not (
        languages.lanname = 'sql'
        and functions.pronargs = 0
        and functions.provolatile = 's'
        and not functions.proisstrict
        and not functions.proretset
        and not functions.prosecdef
        and functions.proconfig is null
        and regexp_replace(
            coalesce(pg_get_function_sqlbody(functions.oid), ''), '\s+|AS "?nullif"?', '', 'g'
        ) = format(
            $$BEGINATOMICSELECT(NULLIF(current_setting('aspen.%s'::text,true),''::text))::%s;END$$,
            settings.name, settings.type
        )
    )

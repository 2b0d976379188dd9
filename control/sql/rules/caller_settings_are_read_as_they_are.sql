-- The functions that policies compare with return a setting of the request and nothing else, and
-- the planner can inline them: one that did more would open or close every table at once. What
-- the planner knows of a setting is read by two functions, whose text is exactly this but for
-- comments.
select
    functions.oid::regprocedure::text as object,
    format('does more than return %s, or cannot be inlined', settings.returned) as problem,
    'load the code of sql/authz again: control migrate up' as cure
from (
    select
        named.name || '_groups' as function_name,
        format('the setting aspen.%s_groups', named.name) as returned,
        'sql' as language_name,
        's' as volatility,
        null::text[] as settings,
        format(
            $$BEGIN ATOMIC
            SELECT CASE
                WHEN (
                    current_setting('aspen.%1$s_groups'::text, true)
                    = authz.planned_setting('aspen.%1$s_groups'::text)
                ) THEN authz.planned_groups('aspen.%1$s_groups'::text)
                ELSE (NULLIF(current_setting('aspen.%1$s_groups'::text, true), ''::text))::bigint[]
            END;
            END$$,
            named.name
        ) as body
    from (values ('any'), ('full'), ('member'), ('admin')) as named (name)
    union all
    values
    (
        'caller_id',
        'the setting aspen.user_id',
        'sql',
        's',
        null,
        $$BEGIN ATOMIC
        SELECT (NULLIF(current_setting('aspen.user_id'::text, true), ''::text))::bigint;
        END$$
    ),
    (
        'planned_setting',
        'a long setting',
        'plpgsql',
        'i',
        array['search_path=""'],
        $$declare
            value text := current_setting(setting, true);
        begin
            return case when length(value) > 100 then value end;
        end$$
    ),
    (
        'planned_groups',
        'a setting',
        'plpgsql',
        'i',
        array['search_path=""'],
        $$begin
            return nullif(current_setting(setting, true), '')::bigint[];
        end$$
    )
) as settings
inner join pg_catalog.pg_proc as functions
    on
        settings.function_name = functions.proname
        and functions.pronamespace::regnamespace::text = 'authz'
inner join pg_catalog.pg_language as languages on functions.prolang = languages.oid
where
    not (
        settings.language_name = languages.lanname
        and settings.volatility = functions.provolatile
        and not functions.proisstrict
        and not functions.proretset
        and not functions.prosecdef
        and settings.settings is not distinct from functions.proconfig
        and regexp_replace(settings.body, '\s+', '', 'g') = regexp_replace(
            coalesce(pg_get_function_sqlbody(functions.oid), functions.prosrc),
            '(?n)--.*$|\s+|AS "?(?:nullif|case)"?', '', 'g'
        )
    )
    -- Of another number of arguments, it would be another function.
    or functions.pronargs <> (settings.language_name = 'plpgsql')::integer

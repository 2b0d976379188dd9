-- What clients meet: views with their verbs by role, their columns, functions with who may call them.
-- A column is "not null" where it is a column of a table that is, and no outer join can leave it out.
with roles as (
    select names.name from unnest(array['anon', 'job', 'member', 'operator']) as names (name)
),

views as (
    select
        relations.oid,
        relations.relname,
        (
            select rules.ev_action::text
            from pg_catalog.pg_rewrite as rules
            where rules.ev_class = relations.oid and rules.ev_type = '1'
        ) as tree
    from pg_catalog.pg_class as relations
    where relations.relnamespace = 'api'::regnamespace
        and relations.relkind in ('r', 'p', 'v', 'm', 'f')
),

origins as (
    select
        views.oid as view_oid,
        entries.found[2]::integer as attnum,
        bool_and(
            columns.attnotnull
            and not (
                views.tree ~ ':jointype [^0]'
                and views.tree ~ (':rarg \{RANGETBLREF :rtindex ' || entries.found[1] || '\}')
            )
        ) as is_not_null
    from views
    cross join lateral
        regexp_matches(
            views.tree,
            '\{TARGETENTRY :expr \{VAR :varno (\d+) [^{}]*\} :resno (\d+) :resname \S+'
            || ' :ressortgroupref \d+ :resorigtbl (\d+) :resorigcol (\d+) ',
            'g'
        ) as entries (found)
    inner join pg_catalog.pg_attribute as columns
        on entries.found[3]::oid = columns.attrelid and entries.found[4]::integer = columns.attnum
    group by views.oid, entries.found[2]
)

select
    format(
        'view %s: %s by %s',
        views.relname,
        string_agg(verbs.name, ', ' order by verbs.position),
        roles.name
    ) as fact
from views
cross join roles
cross join unnest(array['select', 'insert', 'update', 'delete']) with ordinality
    as verbs (name, position)
where has_table_privilege(roles.name, views.oid, verbs.name)
    or (verbs.name <> 'delete' and has_any_column_privilege(roles.name, views.oid, verbs.name))
group by views.relname, roles.name
union
select
    format(
        'view %s, column %s: %s%s%s',
        views.relname,
        columns.attname,
        format_type(columns.atttypid, columns.atttypmod),
        case when origins.is_not_null then ' not null' else '' end,
        ' default ' || pg_get_expr(defaults.adbin, defaults.adrelid)
    )
from views
inner join pg_catalog.pg_attribute as columns
    on views.oid = columns.attrelid and columns.attnum > 0 and not columns.attisdropped
left join pg_catalog.pg_attrdef as defaults
    on columns.attrelid = defaults.adrelid and columns.attnum = defaults.adnum
left join origins on columns.attrelid = origins.view_oid and columns.attnum = origins.attnum
union
select
    format(
        '%s %s(%s) returns %s: %s, called by %s',
        case functions.prokind when 'a' then 'aggregate' else 'function' end,
        functions.proname,
        pg_get_function_arguments(functions.oid),
        pg_get_function_result(functions.oid),
        case functions.provolatile
            when 'i' then 'immutable' when 's' then 'stable' else 'volatile'
        end,
        coalesce(
            (
                select string_agg(roles.name, ', ' order by roles.name)
                from roles
                where has_function_privilege(roles.name, functions.oid, 'execute')
            ),
            'nobody'
        )
    )
from pg_catalog.pg_proc as functions
where functions.pronamespace = 'api'::regnamespace and functions.proname !~ '^loaded_'
union
select format('domain %s: %s', domains.typname, format_type(domains.typbasetype, domains.typtypmod))
from pg_catalog.pg_type as domains
where domains.typnamespace = 'api'::regnamespace and domains.typtype = 'd'

-- Describe a resource: its columns, and the table whose rows it shows, the one of its own name if
-- there is one. A view of a previous version shows what views of api show.
with recursive used (id) as (
    select named.oid
    from pg_catalog.pg_class as named
    where
        named.relnamespace = pg_catalog.to_regnamespace(%(schema)s)
        and named.relname = %(resource)s
        and named.relkind = 'v'
    union
    select below.refobjid
    from used
    inner join pg_catalog.pg_rewrite as rules on used.id = rules.ev_class
    inner join pg_catalog.pg_depend as below
        on
            rules.oid = below.objid
            and below.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
            and below.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
)

select
    (
        select pg_catalog.array_agg(columns.attname::text order by columns.attnum)
        from pg_catalog.pg_attribute as columns
        where columns.attrelid = views.oid and columns.attnum > 0 and not columns.attisdropped
    ) as columns,
    (
        select tables.relname::text
        from used
        inner join pg_catalog.pg_class as tables on used.id = tables.oid
        where
            tables.relnamespace = 'aspen'::pg_catalog.regnamespace
            and tables.relkind in ('r', 'p')
            and exists (
                select from pg_catalog.pg_attribute as keys
                where keys.attrelid = tables.oid and keys.attname = 'id'
            )
        order by
            tables.relname = views.relname desc,
            pg_catalog.starts_with(
                views.relname::text, pg_catalog.rtrim(tables.relname::text, 's')
            ) desc,
            (
                select count(*) from pg_catalog.pg_attribute as own
                where own.attrelid = tables.oid and own.attname = 'group_id'
            ) desc,
            tables.relname
        limit 1
    ) as table_name,
    (
        select current.relname::text
        from used
        inner join pg_catalog.pg_class as current on used.id = current.oid
        where current.relnamespace = 'api'::pg_catalog.regnamespace and current.relkind = 'v'
        order by current.relname = views.relname desc, current.relname
        limit 1
    ) as current_name
from pg_catalog.pg_class as views
where
    views.relnamespace = pg_catalog.to_regnamespace(%(schema)s)
    and views.relname = %(resource)s
    and views.relkind = 'v'

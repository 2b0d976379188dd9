-- A resource: its columns, and the table whose rows it shows, the one of its own name if there is one.
select
    (
        select pg_catalog.array_agg(columns.attname::text order by columns.attnum)
        from pg_catalog.pg_attribute as columns
        where columns.attrelid = views.oid and columns.attnum > 0 and not columns.attisdropped
    ) as columns,
    (
        select tables.relname::text
        from pg_catalog.pg_rewrite as rules
        inner join pg_catalog.pg_depend as uses
            on
                rules.oid = uses.objid
                and uses.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        inner join pg_catalog.pg_class as tables on uses.refobjid = tables.oid
        where
            rules.ev_class = views.oid
            and tables.relnamespace = 'aspen'::pg_catalog.regnamespace
            and tables.relkind in ('r', 'p')
            and exists (
                select from pg_catalog.pg_attribute as keys
                where keys.attrelid = tables.oid and keys.attname = 'id'
            )
        order by
            tables.relname = views.relname desc,
            pg_catalog.starts_with(views.relname::text, pg_catalog.rtrim(tables.relname::text, 's')) desc,
            (
                select count(*) from pg_catalog.pg_attribute as own
                where own.attrelid = tables.oid and own.attname = 'group_id'
            ) desc,
            tables.relname
        limit 1
    ) as table_name
from pg_catalog.pg_class as views
where
    views.relnamespace = 'api'::pg_catalog.regnamespace
    and views.relname = %(resource)s
    and views.relkind = 'v'

-- Prefer: missing=default takes the view's default, not the table's.
-- Fix: alter view … alter column … set default, in the file of the view.
select format('%s.%s', views.oid::regclass, view_columns.attname) as object
from pg_catalog.pg_class as views
inner join pg_catalog.pg_class as tables
    on views.relname = tables.relname and tables.relnamespace = 'aspen'::regnamespace
inner join pg_catalog.pg_attribute as view_columns
    on views.oid = view_columns.attrelid
inner join pg_catalog.pg_attribute as columns
    on tables.oid = columns.attrelid and view_columns.attname = columns.attname
inner join pg_catalog.pg_attrdef as defaults
    on columns.attrelid = defaults.adrelid and columns.attnum = defaults.adnum
where
    views.relnamespace::regnamespace::text ~ '^api(_v[0-9]+)?$'
    and views.relkind = 'v'
    -- Clients cannot give it.
    and (tables.relname, columns.attname) <> ('samples', 'created_at')
    and exists (
        select from (values ('operator'), ('job'), ('api_writer')) as roles (name)
        where has_column_privilege(roles.name, tables.oid, columns.attnum, 'insert')
    )
    and not exists (
        select from pg_catalog.pg_attrdef as view_defaults
        where
            view_defaults.adrelid = views.oid
            and view_defaults.adnum = view_columns.attnum
            and pg_get_expr(view_defaults.adbin, views.oid)
            = pg_get_expr(defaults.adbin, tables.oid)
    )

-- PostgreSQL takes 3/4/21 for a date, yes for true and a JSON number for a text. So a column of the
-- API that is one of these has a domain of ours, whose values functions of authz read: a date, a
-- time or a boolean wherever a filter may name it, a text wherever a caller may write it.
-- Fix: cast the column of the view to a domain of sql/domains/.
with written as (
    select
        case tables.relname
            when 'users' then 'me'
            when 'jobs' then 'phylo_runs'
            when 'memberships' then 'group_members'
            else tables.relname
        end as view_name,
        columns.attname
    from pg_catalog.pg_class as tables
    inner join pg_catalog.pg_attribute as columns
        on tables.oid = columns.attrelid and columns.attnum > 0
    cross join unnest(array['member', 'operator', 'api_writer']) as callers (name)
    where
        tables.relnamespace = 'aspen'::regnamespace
        and tables.relkind = 'r'
        and (callers.name <> 'api_writer' or tables.relname = 'samples')
        and has_column_privilege(callers.name, tables.oid, columns.attnum, 'insert, update')
        -- It contains codes of nucleotides only.
        and (tables.relname, columns.attname) <> ('sequences', 'sequence')
)

select format('%s.%s', views.oid::regclass, columns.attname) as object
from pg_catalog.pg_class as views
inner join pg_catalog.pg_attribute as columns
    on views.oid = columns.attrelid and columns.attnum > 0
where
    views.relnamespace::regnamespace::text ~ '^api(_v[0-9]+)?$'
    and views.relkind = 'v'
    and (
        columns.atttypid in (
            'date'::regtype, 'boolean'::regtype, 'timestamptz'::regtype, 'timestamp'::regtype
        )
        or columns.atttypid in ('text'::regtype, 'text[]'::regtype)
        and (views.relname, columns.attname) in (
            select
                written.view_name,
                written.attname
            from written
        )
    )

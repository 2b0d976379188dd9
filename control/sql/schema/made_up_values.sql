-- List the columns of all tables that can be written, each with an expression of its type. Numbers
-- are 1 and texts are the same everywhere, so that references hold.
with columns as (
    select
        attributes.attrelid,
        attributes.attnum,
        attributes.attname,
        attributes.attidentity,
        attributes.attgenerated,
        attributes.atttypmod,
        attributes.attnotnull and not attributes.atthasdef as is_needed,
        coalesce(nullif(types.typbasetype, 0), types.oid) as base
    from pg_catalog.pg_attribute as attributes
    inner join pg_catalog.pg_class as relations on attributes.attrelid = relations.oid
    inner join pg_catalog.pg_type as types on attributes.atttypid = types.oid
    where
        relations.relnamespace = 'aspen'::pg_catalog.regnamespace
        and relations.relkind in ('r', 'p')
        and not relations.relispartition
        and attributes.attnum > 0
        and not attributes.attisdropped
        and attributes.attgenerated = ''
        and attributes.attidentity <> 'a'
)

select
    columns.attrelid::pg_catalog.regclass::text as table_name,
    columns.attname,
    pg_catalog.format(
        '%s::%s',
        case
            when types.typtype = 'e'
                then (
                    select pg_catalog.quote_literal(labels.enumlabel)
                    from pg_catalog.pg_enum as labels
                    where labels.enumtypid = types.oid
                    order by labels.enumsortorder
                    limit 1
                )
            when types.typcategory = 'A' then '''{}'''
            when types.typcategory = 'N' then '1'
            when types.typcategory = 'B' then 'true'
            when types.typcategory = 'D' then '''2020-01-01'''
            when types.typcategory = 'T' then '''1 day'''
            when types.typcategory = 'I' then '''127.0.0.1'''
            when types.typcategory = 'R' then '''empty'''
            when types.typname in ('json', 'jsonb') then '''{}'''
            when types.typname = 'uuid' then '''00000000-0000-4000-8000-000000000001'''
            when types.typname = 'bytea' then '''\x01'''
            else '''a'''
        end,
        pg_catalog.format_type(columns.base, columns.atttypmod)
    ) as expression,
    columns.is_needed or columns.attidentity <> '' as is_needed
from columns
inner join pg_catalog.pg_type as types on columns.base = types.oid
order by columns.attrelid::pg_catalog.regclass::text, columns.attnum;

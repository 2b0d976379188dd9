-- Comparing an enum or a numeric may leak, so under row-level security it never reaches an index.
-- Fix: make it text with a check, in sql/tables/ and in a migration.
select format('%s.%s', columns.attrelid::regclass, columns.attname) as object
from pg_catalog.pg_attribute as columns
inner join pg_catalog.pg_type as types
    on columns.atttypid = types.oid
inner join pg_catalog.pg_attribute as keys
    on columns.attrelid = keys.attrelid and keys.attname = 'group_id'
inner join pg_catalog.pg_class as tables
    on columns.attrelid = tables.oid
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and columns.attnum > 0
    and (types.typtype = 'e' or types.typname = 'numeric')

-- Lists are ordered by the key, and upserts need it.
-- Fix: add a column id, or a key of several columns, in sql/tables/ and in a migration.
select tables.oid::regclass::text as object
from pg_catalog.pg_class as tables
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and not exists (
        select from pg_catalog.pg_index as indexes
        where indexes.indrelid = tables.oid and indexes.indisprimary
    )

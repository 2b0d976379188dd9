-- A key that is unique across groups would tell one group what another has; the row's own id is
-- drawn, not chosen. The key of a partitioned table also has the column that chooses the partition.
select
    indexes.indexrelid::regclass::text as object,
    'unique across groups, so that one group learns what another has' as problem,
    'put group_id first into the key' as cure
from pg_catalog.pg_index as indexes
inner join pg_catalog.pg_class as tables
    on indexes.indrelid = tables.oid
inner join pg_catalog.pg_attribute as columns
    on indexes.indrelid = columns.attrelid and columns.attname = 'group_id'
where
    tables.relnamespace = 'aspen'::regnamespace
    and indexes.indisunique
    and not columns.attnum = any(indexes.indkey)
    and pg_get_indexdef(indexes.indexrelid) !~ '\(id(, occurred_at)?\)$'

-- An index whose `create index concurrently` failed is written to and never read.
-- Fix: drop the index concurrently, and create it again.
select indexes.indexrelid::regclass::text as object
from pg_catalog.pg_index as indexes
inner join pg_catalog.pg_class as relations
    on indexes.indexrelid = relations.oid
where
    relations.relnamespace::regnamespace::text in ('aspen', 'control')
    and not (indexes.indisvalid and indexes.indisready)
    -- Otherwise somebody is creating it at this moment.
    and not exists (
        select from pg_catalog.pg_stat_progress_create_index as running
        where running.index_relid = indexes.indexrelid
    )

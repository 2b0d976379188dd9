-- An index that no query reads costs every write. Only a table that others were read by for a while
-- tells: one of 1 MB, in use since its statistics began, where other indexes were read a hundred
-- times. Keys and what serves a foreign key are kept for what they refuse, not for what they find.
-- Level: info
-- Fix: drop the index, in sql/tables/ and in a migration, unless a rare query needs it.
select
    indexes.indexrelid::regclass::text as object,
    format(
        'was never read, while other indexes of %s were read %s times',
        indexes.indrelid::regclass, uses.reads
    ) as problem,
    format('drop index %s, in sql/tables/ and in a migration', indexes.indexrelid::regclass) as cure
from pg_catalog.pg_index as indexes
inner join pg_catalog.pg_stat_all_indexes as counters
    on indexes.indexrelid = counters.indexrelid
inner join pg_catalog.pg_class as tables
    on indexes.indrelid = tables.oid
cross join
    lateral (
        select coalesce(sum(others.idx_scan), 0) as reads
        from pg_catalog.pg_stat_all_indexes as others
        where others.relid = indexes.indrelid
    ) as uses
where
    tables.relnamespace = 'aspen'::regnamespace
    and not indexes.indisunique
    and not indexes.indisreplident
    and counters.idx_scan = 0
    and uses.reads >= 100
    and pg_relation_size(indexes.indexrelid) >= 1048576
    and not exists (
        select from pg_catalog.pg_constraint as constraints
        where
            constraints.conrelid = indexes.indrelid
            and constraints.contype = 'f'
            and constraints.conkey[1] = indexes.indkey[0]
    )

-- Two equal indexes cost every write twice.
-- Fix: drop one of the two, in sql/tables/ and in a migration.
select format('%s and %s', indexes.indexrelid::regclass, others.indexrelid::regclass) as object
from pg_catalog.pg_index as indexes
inner join pg_catalog.pg_index as others
    on indexes.indrelid = others.indrelid and indexes.indexrelid < others.indexrelid
inner join pg_catalog.pg_class as tables
    on indexes.indrelid = tables.oid
where
    tables.relnamespace = 'aspen'::regnamespace
    and (indexes.indkey, indexes.indclass, indexes.indoption)
    = (others.indkey, others.indclass, others.indoption)
    and pg_get_expr(indexes.indexprs, tables.oid) is not distinct from pg_get_expr(
        others.indexprs, tables.oid
    )
    and pg_get_expr(indexes.indpred, tables.oid) is not distinct from pg_get_expr(
        others.indpred, tables.oid
    )

-- Of two indexes that begin with a group and go on differently, a plan made while the table was
-- empty, or before its first analyze, may take the wrong one and read the whole group for each row.
-- One with a condition serves only who states it.
-- Fix: begin one of them with its other column, or give it a condition.
select format('%s and %s', indexes.indexrelid::regclass, others.indexrelid::regclass) as object
from pg_catalog.pg_index as indexes
inner join pg_catalog.pg_index as others
    on indexes.indrelid = others.indrelid and indexes.indexrelid < others.indexrelid
inner join pg_catalog.pg_class as tables
    on indexes.indrelid = tables.oid
inner join pg_catalog.pg_attribute as firsts
    on indexes.indrelid = firsts.attrelid and indexes.indkey[0] = firsts.attnum
where
    tables.relnamespace = 'aspen'::regnamespace
    and firsts.attname ~ 'group_id$'
    and indexes.indkey[0] = others.indkey[0]
    and indexes.indpred is null
    and others.indpred is null
    and indexes.indnkeyatts > 1
    and others.indnkeyatts > 1
    and indexes.indkey[1] <> others.indkey[1]

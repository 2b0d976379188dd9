-- List the tables of aspen that are partitioned by ranges of one time.
select tables.relname
from pg_catalog.pg_partitioned_table as partitioned
inner join pg_catalog.pg_class as tables on partitioned.partrelid = tables.oid
inner join pg_catalog.pg_attribute as columns
    on tables.oid = columns.attrelid and partitioned.partattrs[0] = columns.attnum
inner join pg_catalog.pg_type as types on columns.atttypid = types.oid
where
    tables.relnamespace = 'aspen'::regnamespace
    and partitioned.partstrat = 'r'
    and partitioned.partnatts = 1
    and 'timestamptz'::regtype in (types.oid, types.typbasetype)
order by tables.relname

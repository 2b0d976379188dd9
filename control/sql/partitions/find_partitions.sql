-- List the partitions of a table, and where each ends.
select
    partitions.relnamespace::regnamespace::text,
    partitions.relname,
    substring(
        pg_get_expr(partitions.relpartbound, partitions.oid) from $$ TO \('(.*)'\)$$
    )::timestamptz as ends_at
from pg_catalog.pg_inherits as links
inner join pg_catalog.pg_class as partitions on links.inhrelid = partitions.oid
where links.inhparent = ('aspen.' || %(table)s)::regclass
order by ends_at nulls last

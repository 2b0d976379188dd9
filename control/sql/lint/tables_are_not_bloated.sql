-- A table that takes four times the room of its rows, and 20 MB more than it needs, is read slowly
-- and not vacuumed as often as it changes. The room of the rows is estimated from the last analyze.
-- Level: info
-- Fix: vacuum it more often (autovacuum_vacuum_scale_factor); pg_repack or vacuum full give the
-- room back.
select
    tables.oid::regclass::text as object,
    format(
        'takes %s, its rows %s',
        pg_size_pretty(tables.relpages::bigint * sizes.page), pg_size_pretty(needed.bytes)
    ) as problem,
    format(
        'alter table %s set (autovacuum_vacuum_scale_factor = 0.05);'
        ' pg_repack or vacuum full give the room back',
        tables.oid::regclass
    ) as cure
from pg_catalog.pg_class as tables
cross join (select current_setting('block_size')::bigint as page) as sizes
cross join
    lateral (
        select sum(columns.avg_width * (1 - columns.null_frac)) as width
        from pg_catalog.pg_stats as columns
        where
            columns.schemaname = tables.relnamespace::regnamespace::text
            and columns.tablename = tables.relname
    ) as rows_
cross join
    lateral (
        -- 28 bytes of each row are its head, 24 of each page.
        select
            ceil(
                greatest(tables.reltuples, 0) * (28 + rows_.width) / (sizes.page - 24)
                * 100
                / coalesce(
                    substring(
                        array_to_string(tables.reloptions, ' ') from '(?<!toast.)fillfactor=(\d+)'
                    )::numeric,
                    100
                )
            )::bigint * sizes.page as bytes
    ) as needed
where
    tables.relnamespace::regnamespace::text in ('aspen', 'control')
    and tables.relkind = 'r'
    and rows_.width is not null
    and tables.relpages::bigint * sizes.page > 4 * needed.bytes
    and tables.relpages::bigint * sizes.page > needed.bytes + 20971520

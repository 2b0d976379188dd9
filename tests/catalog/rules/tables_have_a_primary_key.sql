-- Lists are ordered by the key, and upserts need it.
select tables.oid::regclass::text as offender
from pg_catalog.pg_class as tables
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and not exists (
        select from pg_catalog.pg_index as indexes
        where indexes.indrelid = tables.oid and indexes.indisprimary
    )

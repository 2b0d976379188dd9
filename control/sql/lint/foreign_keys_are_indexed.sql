-- Deleting a referenced row looks for the rows that refer to it. Where disclosed_at is carried
-- along, the sample is enough. Kinds are rows that only migrations write, and an index on one would
-- hold three values: a list of runs must not take it instead of the one on the group.
-- Fix: create an index that begins with these columns, in sql/tables/ and in a migration.
select constraints.conname::text as object
from pg_catalog.pg_constraint as constraints
cross join
    lateral (
        select array_agg(columns.attnum order by keys.position) as attnums
        from unnest(constraints.conkey) with ordinality as keys (attnum, position)
        inner join pg_catalog.pg_attribute as columns
            on keys.attnum = columns.attnum
        where columns.attrelid = constraints.conrelid and columns.attname <> 'disclosed_at'
    ) as filters
where
    constraints.contype = 'f'
    and constraints.connamespace = 'aspen'::regnamespace
    and constraints.confrelid not in (
        'aspen.job_kinds'::regclass, 'aspen.job_output_kinds'::regclass
    )
    and not exists (
        select from pg_catalog.pg_index as indexes
        where
            indexes.indrelid = constraints.conrelid
            and indexes.indpred is null
            and (indexes.indkey::smallint[])[0:cardinality(filters.attnums) - 1] = filters.attnums
    )

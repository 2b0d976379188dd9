-- <table>_<columns>[_<where>]_idx; a unique one ends in _key.
-- Fix: alter index … rename to this form, in sql/tables/ and in a migration.
select indexes.indexrelid::regclass::text as object
from pg_catalog.pg_index as indexes
inner join pg_catalog.pg_class as tables
    on indexes.indrelid = tables.oid
inner join pg_catalog.pg_class as relations
    on indexes.indexrelid = relations.oid
cross join
    lateral (
        select
            string_agg(
                trim(
                    '_' from regexp_replace(
                        pg_get_indexdef(indexes.indexrelid, position, true), '\W+', '_', 'g'
                    )
                ),
                '_' order by position
            ) as names
        from generate_series(1, indexes.indnkeyatts::integer) as positions (position)
    ) as key_columns
where
    tables.relnamespace = 'aspen'::regnamespace
    and not exists (
        select from pg_catalog.pg_constraint as constraints
        where constraints.conindid = indexes.indexrelid and constraints.contype in ('p', 'u', 'x')
    )
    and relations.relname !~ format(
        '^%s_%s%s_%s$',
        tables.relname,
        key_columns.names,
        case when indexes.indpred is not null then '_[a-z]+' end,
        case when indexes.indisunique then 'key' else 'idx' end
    )

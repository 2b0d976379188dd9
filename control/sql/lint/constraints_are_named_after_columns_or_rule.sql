-- <table>_pkey, <table>_<columns>_key, <table>_<columns>_fkey; a check is called
-- <table>_<rule>_check.
-- Fix: alter table … rename constraint, in sql/tables/ and in a migration.
select constraints.conname::text as object
from pg_catalog.pg_constraint as constraints
inner join pg_catalog.pg_class as tables
    on constraints.conrelid = tables.oid
cross join
    lateral (
        select string_agg(columns.attname, '_' order by keys.position) as names
        from unnest(constraints.conkey) with ordinality as keys (attnum, position)
        inner join pg_catalog.pg_attribute as columns
            on keys.attnum = columns.attnum
        where columns.attrelid = tables.oid
    ) as key_columns
where
    constraints.connamespace = 'aspen'::regnamespace
    -- A partition inherits the others from its table.
    and constraints.conislocal
    -- 'n': PostgreSQL 18 also lists not null here, by names of its own.
    and constraints.contype <> 'n'
    and constraints.conname !~ case constraints.contype
        when 'p' then format('^%s_pkey$', tables.relname)
        when 'u' then format('^%s_%s_key$', tables.relname, key_columns.names)
        when 'f' then format('^%s_%s_fkey$', tables.relname, key_columns.names)
        when 'c' then format('^%s_[a-z0-9_]+_check$', tables.relname)
        else 'no other kind'
    end

-- A column updated_at is kept by a trigger of its table, whoever writes the row.
-- Fix: run `control migrate up`: sql/structure.sql makes the trigger <table>_set_updated_at.
select tables.oid::regclass::text as object
from pg_catalog.pg_class as tables
inner join
    pg_catalog.pg_attribute as columns
    on tables.oid = columns.attrelid and columns.attname = 'updated_at'
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and not exists (
        select from pg_catalog.pg_trigger as triggers
        where
            triggers.tgrelid = tables.oid
            and triggers.tgfoid = to_regprocedure('internal.set_updated_at()')
            -- Before an update of each row, and enabled.
            and triggers.tgtype = 1 + 2 + 16
            and triggers.tgenabled = 'O'
    )

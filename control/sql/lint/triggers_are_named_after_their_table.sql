-- A trigger is called <table>_<verb phrase>.
-- Fix: rename the trigger, in sql/triggers/<table>.sql.
select format('%s on %s', triggers.tgname, tables.oid::regclass) as object
from pg_catalog.pg_trigger as triggers
inner join pg_catalog.pg_class as tables
    on triggers.tgrelid = tables.oid
where
    tables.relnamespace::regnamespace::text ~ '^(aspen|api(_v[0-9]+)?)$'
    and not triggers.tgisinternal
    -- A partition has those of its table.
    and triggers.tgparentid = 0
    and triggers.tgname !~ format('^%s_[a-z_]+$', tables.relname)

-- Every foreign key has an on delete of its own.
-- Fix: add `on delete restrict`, `cascade` or `set null`, in sql/tables/ and in a migration.
select constraints.conname::text as object
from pg_catalog.pg_constraint as constraints
where
    constraints.contype = 'f'
    and constraints.connamespace = 'aspen'::regnamespace
    and constraints.confdeltype = 'a'

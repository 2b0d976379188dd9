-- Every foreign key has an on delete of its own.
select constraints.conname::text as offender
from pg_catalog.pg_constraint as constraints
where
    constraints.contype = 'f'
    and constraints.connamespace = 'aspen'::regnamespace
    and constraints.confdeltype = 'a'

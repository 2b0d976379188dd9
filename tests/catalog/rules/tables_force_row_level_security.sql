-- Every table of aspen has row-level security enabled, and forced on its owner too.
select tables.oid::regclass::text as offender
from pg_catalog.pg_class as tables
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and not (tables.relrowsecurity and tables.relforcerowsecurity)

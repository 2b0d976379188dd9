-- Materialized views and foreign tables know no row-level security.
select relations.oid::regclass::text as offender
from pg_catalog.pg_class as relations
where
    relations.relnamespace::regnamespace::text in ('aspen', 'authz', 'internal', 'api')
    and relations.relkind in ('m', 'f')

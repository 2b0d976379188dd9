-- Materialized views and foreign tables know no row-level security.
select
    relations.oid::regclass::text as object,
    'row-level security does not hold for it' as problem,
    'make it a view with security_invoker, or a table with policies' as cure
from pg_catalog.pg_class as relations
where
    relations.relnamespace::regnamespace::text in ('aspen', 'authz', 'internal', 'api')
    and relations.relkind in ('m', 'f')

-- Materialized views and foreign tables know no row-level security.
select
    relations.oid::regclass::text as object,
    'row-level security does not hold for it' as problem,
    'make it a view with security_invoker, or a table with policies' as cure
from pg_catalog.pg_class as relations
where
    relations.relnamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
    and relations.relkind in ('m', 'f')

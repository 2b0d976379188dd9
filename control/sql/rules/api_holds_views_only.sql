-- Relations of api and its previous versions are views; tables are never exposed.
select
    relations.oid::regclass::text as object,
    'is no view, and everything in api is exposed' as problem,
    'keep tables in aspen and types in internal; api holds views over them' as cure
from pg_catalog.pg_class as relations
where relations.relnamespace::regnamespace::text ~ '^api(_v[0-9]+)?$' and relations.relkind <> 'v'

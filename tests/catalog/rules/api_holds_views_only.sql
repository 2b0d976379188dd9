-- Relations of api are views; tables are never exposed.
select relations.oid::regclass::text as offender
from pg_catalog.pg_class as relations
where relations.relnamespace = 'api'::regnamespace and relations.relkind <> 'v'

-- List the tables that a backup holds, whoever owns them, except the one with secrets.
select
    namespaces.nspname as schema_name,
    relations.relname as table_name
from pg_catalog.pg_class as relations
inner join pg_catalog.pg_namespace as namespaces
    on relations.relnamespace = namespaces.oid
where
    relations.relkind = 'r'
    and namespaces.nspname !~ '^pg_'
    and namespaces.nspname <> 'information_schema'
    and namespaces.nspname || '.' || relations.relname <> %(secrets)s
order by namespaces.nspname, relations.relname;

-- List which tables of aspen refer to which by a foreign key.
select distinct
    referring.relname as table_name,
    referred.relname as target
from pg_catalog.pg_constraint as keys
inner join pg_catalog.pg_class as referring on keys.conrelid = referring.oid
inner join pg_catalog.pg_class as referred on keys.confrelid = referred.oid
where
    keys.contype = 'f'
    and referring.relnamespace = 'aspen'::regnamespace
    and referred.relnamespace = 'aspen'::regnamespace
    and referring.oid <> referred.oid;

-- group_id is never null: a row belongs to a group.
-- aspen.audit_log: users, credentials and keys belong to none.
select
    tables.oid::regclass::text as object,
    'group_id may be null, and such a row belongs to no group' as problem,
    format('alter table %s alter column group_id set not null', tables.oid::regclass) as cure
from pg_catalog.pg_class as tables
inner join pg_catalog.pg_attribute as columns
    on tables.oid = columns.attrelid and columns.attname = 'group_id'
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and tables.relname not in ('audit_log', 'audit_log_default')
    and not columns.attnotnull

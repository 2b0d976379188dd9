-- pg_upgrade refuses columns of types that hold the number of an object, which is another one
-- afterwards.
-- Fix: store the name as text.
select
    format('%s.%s', columns.attrelid::regclass, columns.attname) as object,
    format('is of type %s', types.oid::regtype) as problem,
    'store the name as text, in sql/tables/ and in a migration' as cure
from pg_catalog.pg_attribute as columns
inner join pg_catalog.pg_class as tables
    on columns.attrelid = tables.oid
inner join pg_catalog.pg_type as given
    on columns.atttypid = given.oid
inner join pg_catalog.pg_type as types
    on coalesce(nullif(given.typelem, 0), nullif(given.typbasetype, 0), given.oid) = types.oid
where
    tables.relnamespace::regnamespace::text ~ '^(aspen|api(_v[0-9]+)?|authz|internal|control)$'
    and tables.relkind in ('r', 'p', 'm', 'c')
    and columns.attnum > 0
    and not columns.attisdropped
    and types.typnamespace = 'pg_catalog'::regnamespace
    and types.typname in (
        'regcollation', 'regconfig', 'regdictionary', 'regnamespace', 'regoper', 'regoperator',
        'regproc', 'regprocedure'
    )

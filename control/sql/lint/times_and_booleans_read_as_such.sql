-- A timestamp ends in _at and knows its zone; a boolean begins with is_ or has_.
-- Fix: rename the column, or make it timestamptz, in sql/tables/ and in a migration.
select format('%s.%s', tables.oid::regclass, columns.attname) as object
from pg_catalog.pg_attribute as columns
inner join pg_catalog.pg_class as tables
    on columns.attrelid = tables.oid
inner join pg_catalog.pg_type as types
    on columns.atttypid = types.oid
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and columns.attnum > 0
    and not columns.attisdropped
    and case coalesce(nullif(types.typbasetype, 0), types.oid)::regtype::text
        when 'boolean' then columns.attname !~ '^(is|has)_'
        when 'timestamp with time zone' then columns.attname !~ '_at$'
        else
            coalesce(nullif(types.typbasetype, 0), types.oid)::regtype::text
            = 'timestamp without time zone'
            or columns.attname ~ '_at$'
    end
    -- Names of the FastAPI baseline that clients know.
    and columns.attname not in ('agreed_to_tos', 'tokens_valid_after')

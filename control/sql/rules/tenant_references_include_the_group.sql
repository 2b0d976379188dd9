-- A row refers to another tenant row by group and id: any other key would say whether the row
-- exists.
select
    constraints.conname::text as object,
    'refers to another tenant row without its group, so that it tells whether that row exists'
        as problem,
    'refer to (group_id, id)' as cure
from pg_catalog.pg_constraint as constraints
inner join pg_catalog.pg_attribute as columns
    on constraints.conrelid = columns.attrelid and columns.attname = 'group_id'
inner join pg_catalog.pg_attribute as referenced
    on constraints.confrelid = referenced.attrelid and referenced.attname = 'group_id'
where constraints.contype = 'f' and not referenced.attnum = any(constraints.confkey)

-- A row that refers to a group's row belongs to that group: without a group_id no fence could hold
-- it.
select
    tables.oid::regclass::text as object,
    format(
        'refers to %s, whose rows belong to groups, and has no group_id', referenced.oid::regclass
    ) as problem,
    'add group_id bigint not null to it, and refer to (group_id, id)' as cure
from pg_catalog.pg_constraint as constraints
inner join pg_catalog.pg_class as tables
    on constraints.conrelid = tables.oid
inner join pg_catalog.pg_class as referenced
    on constraints.confrelid = referenced.oid
where
    constraints.contype = 'f'
    and (
        referenced.oid = to_regclass('aspen.groups')
        or exists (
            select from pg_catalog.pg_attribute as columns
            where columns.attrelid = referenced.oid and columns.attname = 'group_id'
        )
    )
    and not exists (
        select from pg_catalog.pg_attribute as columns
        where columns.attrelid = tables.oid and columns.attname = 'group_id'
    )

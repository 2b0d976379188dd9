-- List the columns of the table of groups and of every table whose rows belong to one, with the
-- table that the ids in a column are of. A foreign key to a group_id refers to a group by way of
-- another table.
select
    tables.relname as table_name,
    columns.attname as column_name,
    columns.attnotnull as is_required,
    columns.atthasdef or columns.attidentity <> '' as has_default,
    case
        when columns.attname = 'group_id' then 'groups'
        else (
            select min(case referred.attname when 'id' then targets.relname else 'groups' end)
            from pg_catalog.pg_constraint as keys
            cross join lateral unnest(keys.conkey, keys.confkey) as pairs (here, there)
            inner join pg_catalog.pg_class as targets on keys.confrelid = targets.oid
            inner join pg_catalog.pg_attribute as referred
                on targets.oid = referred.attrelid and pairs.there = referred.attnum
            where
                keys.contype = 'f'
                and keys.conrelid = tables.oid
                and pairs.here = columns.attnum
                and referred.attname in ('id', 'group_id')
        )
    end as target,
    format_type(columns.atttypid, columns.atttypmod) as type_name
from pg_catalog.pg_class as tables
inner join pg_catalog.pg_attribute as columns on tables.oid = columns.attrelid
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and not tables.relispartition
    and columns.attnum > 0
    and not columns.attisdropped
    and columns.attgenerated = ''
    and (
        tables.relname = 'groups'
        or exists (
            select from pg_catalog.pg_attribute as owners
            where
                owners.attrelid = tables.oid
                and owners.attname = 'group_id'
                and not owners.attisdropped
        )
    )
order by tables.relname, columns.attnum;

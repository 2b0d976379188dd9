-- List what a table demands of its rows: checks, unique keys, references and columns that must have
-- a value. An expression is as the catalogue has it, so no rule is written a second time.
select
    rules.kind,
    rules.name,
    rules.columns,
    rules.expressions
from (
    select
        case constraints.contype when 'c' then 'check' else 'reference' end as kind,
        constraints.conname::text as name,
        array(
            select columns.attname::text
            from unnest(constraints.conkey) with ordinality as keys (attnum, place)
            inner join pg_attribute as columns
                on keys.attnum = columns.attnum
            where columns.attrelid = constraints.conrelid
            order by keys.place
        ) as columns,
        array[
            case constraints.contype
                when 'c' then pg_get_expr(constraints.conbin, constraints.conrelid)
                else constraints.confrelid::regclass::text
            end
        ] as expressions
    from pg_constraint as constraints
    where constraints.conrelid = %(table)s::regclass and constraints.contype in ('c', 'f')
    union all
    select
        'unique' as kind,
        indexes.indexrelid::regclass::text,
        array(
            select columns.attname::text
            from pg_depend as uses
            inner join pg_attribute as columns
                on uses.refobjid = columns.attrelid and uses.refobjsubid = columns.attnum
            where (
                uses.objid = indexes.indexrelid
                or uses.objid in (
                    select constraints.oid from pg_constraint as constraints
                    where
                        constraints.conindid = indexes.indexrelid
                        and constraints.conrelid = indexes.indrelid
                )
            )
            and uses.refobjid = indexes.indrelid and uses.refobjsubid > 0
            order by columns.attnum
        ) as columns,
        array(
            select pg_get_indexdef(indexes.indexrelid, place, true)
            from generate_series(1, indexes.indnkeyatts) as places (place)
        ) as expressions
    from pg_index as indexes
    where
        indexes.indrelid = %(table)s::regclass
        and indexes.indisunique
        and not indexes.indisprimary
        and indexes.indpred is null
    union all
    select
        'required' as kind,
        columns.attname::text,
        array[columns.attname::text] as columns,
        '{}' as expressions
    from pg_attribute as columns
    where
        columns.attrelid = %(table)s::regclass
        and columns.attnum > 0
        and columns.attnotnull
        and not columns.attisdropped
) as rules
order by rules.kind, rules.name

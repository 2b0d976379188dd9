-- Write the statements that make tables without rows like those put aside, as far as code can see
-- them: columns, storage, sequences, primary keys and row-level security. They lock nothing.
with aside as (
    select
        namespaces.oid,
        namespaces.nspname,
        pg_catalog.regexp_replace(namespaces.nspname, '_in_use$', '') as own_name
    from pg_catalog.pg_namespace as namespaces
    where namespaces.nspname = any(%s)
)

-- Types that are no code move instead, for the columns are of these very types.
select
    1 as step,
    types.oid,
    pg_catalog.format(
        'alter type %%I.%%I set schema %%I', aside.nspname, types.typname, aside.own_name
    ) as statement
from pg_catalog.pg_type as types
inner join aside on types.typnamespace = aside.oid
left join pg_catalog.pg_class as relations on types.typrelid = relations.oid
where
    aside.own_name = 'aspen'
    and types.typtype in ('c', 'd', 'e', 'r')
    and coalesce(relations.relkind, 'c') = 'c'
union all
-- And code makes their casts again.
select
    0 as step,
    casts.oid,
    pg_catalog.format(
        'drop cast (%%s as %%s)',
        casts.castsource::pg_catalog.regtype, casts.casttarget::pg_catalog.regtype
    ) as statement
from pg_catalog.pg_cast as casts
where
    exists (
        select from pg_catalog.pg_type as types
        inner join aside on types.typnamespace = aside.oid
        where types.oid in (casts.castsource, casts.casttarget)
    )
union all
select
    2 as step,
    relations.oid,
    pg_catalog.format(
        'create table %%I.%%I (like %%s including identity including storage)',
        aside.own_name, relations.relname, relations.oid::pg_catalog.regclass
    ) as statement
from pg_catalog.pg_class as relations
inner join aside on relations.relnamespace = aside.oid
where relations.relkind in ('r', 'p')
union all
-- Those of identity columns come with their tables.
select
    2 as step,
    relations.oid,
    pg_catalog.format('create sequence %%I.%%I', aside.own_name, relations.relname) as statement
from pg_catalog.pg_class as relations
inner join aside on relations.relnamespace = aside.oid
where
    relations.relkind = 'S'
    and not exists (
        select from pg_catalog.pg_depend as links
        where
            links.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and links.objid = relations.oid
            and links.deptype = 'i'
    )
union all
select
    3 as step,
    constraints.oid,
    pg_catalog.format(
        'alter table %%I.%%I add constraint %%I %%s',
        aside.own_name, relations.relname, constraints.conname,
        pg_catalog.pg_get_constraintdef(constraints.oid)
    ) as statement
from pg_catalog.pg_constraint as constraints
inner join pg_catalog.pg_class as relations on constraints.conrelid = relations.oid
inner join aside on relations.relnamespace = aside.oid
where constraints.contype = 'p'
union all
select
    4 as step,
    relations.oid,
    pg_catalog.format(
        'alter table %%I.%%I %%s', aside.own_name, relations.relname,
        pg_catalog.concat_ws(
            ', ',
            case when relations.relrowsecurity then 'enable row level security' end,
            case when relations.relforcerowsecurity then 'force row level security' end
        )
    ) as statement
from pg_catalog.pg_class as relations
inner join aside on relations.relnamespace = aside.oid
where
    relations.relkind in ('r', 'p')
    and (relations.relrowsecurity or relations.relforcerowsecurity)
order by 1, 2;

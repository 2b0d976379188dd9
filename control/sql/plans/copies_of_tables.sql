-- List the tables of groups that members read, the statements that make a copy of each with the
-- same indexes and policies and fill it with rows, and the policy that a finding is about. A copy
-- has the name of its table, in schema aspen_lint; half of its rows are of group 1, each other
-- group has 10 of 2,000.
with tenant_tables as (
    select
        tables.oid,
        tables.relname
    from pg_catalog.pg_class as tables
    inner join pg_catalog.pg_attribute as columns
        on tables.oid = columns.attrelid and columns.attname = 'group_id'
    where
        tables.relnamespace = 'aspen'::pg_catalog.regnamespace
        and tables.relkind in ('r', 'p')
        and not tables.relispartition
        -- With one row of a group, there is nothing to choose.
        and not exists (
            select from pg_catalog.pg_index as keys
            where
                keys.indrelid = tables.oid
                and keys.indisunique
                and keys.indnatts = 1
                and keys.indkey[0] = columns.attnum
        )
),

read_by as (
    select
        policies.*,
        tenant_tables.relname
    from pg_catalog.pg_policy as policies
    inner join tenant_tables on policies.polrelid = tenant_tables.oid
    where
        policies.polcmd in ('r', '*')
        and (
            'member'::pg_catalog.regrole::oid = any(policies.polroles) or 0 = any(policies.polroles)
        )
),

filled as (
    select
        columns.attrelid as table_oid,
        pg_catalog.string_agg(
            pg_catalog.quote_ident(columns.attname), ', ' order by columns.attnum
        ) as names,
        pg_catalog.string_agg(
            case
                when columns.attname = 'group_id'
                    then 'case when n % 2 = 0 then 1 else 2 + n / 2 % 100 end'
                when types.typcategory = 'N' then 'n % 30000'
                when types.typcategory = 'B' then 'n % 2 = 0'
                when types.typname = 'date' then 'current_date - n'
                when types.typcategory = 'D' then 'now()'
                when types.typcategory = 'A' then $$'{}'$$
                when types.typname in ('json', 'jsonb') then $$'{}'$$
                when types.typname = 'bytea' then 'n::text::bytea'
                when types.typname = 'uuid' then 'gen_random_uuid()'
                else 'n::text'
            end,
            ', ' order by columns.attnum
        ) as expressions
    from pg_catalog.pg_attribute as columns
    inner join pg_catalog.pg_type as given on columns.atttypid = given.oid
    inner join pg_catalog.pg_type as types
        on coalesce(nullif(given.typbasetype, 0), given.oid) = types.oid
    where
        columns.attnum > 0
        and not columns.attisdropped
        and columns.attgenerated = ''
        and (
            columns.attnotnull and not columns.atthasdef
            or exists (
                select from pg_catalog.pg_index as keys
                where
                    keys.indrelid = columns.attrelid
                    and keys.indisunique
                    and columns.attnum = any(keys.indkey)
            )
        )
    group by columns.attrelid
)

select
    tenant_tables.relname as name,
    (
        select read_by.polname || ' on aspen.' || read_by.relname
        from read_by
        where read_by.polrelid = tenant_tables.oid and read_by.polpermissive
        order by read_by.polname
        limit 1
    ) as policy,
    pg_catalog.format(
        'create table aspen_lint.%1$I (like aspen.%1$I including all excluding constraints'
        ' excluding comments excluding statistics);'
        ' alter table aspen_lint.%1$I enable row level security;'
        ' grant select on aspen_lint.%1$I to member; ',
        tenant_tables.relname
    ) || (
        select
            pg_catalog.string_agg(
                pg_catalog.format(
                    'create policy %I on aspen_lint.%I as %s for %s to member using (%s)',
                    read_by.polname, read_by.relname,
                    case when read_by.polpermissive then 'permissive' else 'restrictive' end,
                    case read_by.polcmd when 'r' then 'select' else 'all' end,
                    pg_catalog.pg_get_expr(read_by.polqual, read_by.polrelid)
                ),
                '; '
            )
        from read_by
        where read_by.polrelid = tenant_tables.oid
    ) as creation,
    pg_catalog.format(
        'insert into aspen_lint.%1$I (%2$s) overriding system value'
        ' select %3$s from pg_catalog.generate_series(1, 2000) as rows_ (n);'
        ' analyze aspen_lint.%1$I',
        tenant_tables.relname, filled.names, filled.expressions
    ) as filling
from tenant_tables
inner join filled on tenant_tables.oid = filled.table_oid
where
    exists (
        select from read_by
        where read_by.polrelid = tenant_tables.oid and read_by.polpermissive
    )
order by tenant_tables.relname

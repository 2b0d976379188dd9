-- List what pg-delta leaves out of a comparison, with the statements that make it and take it away:
-- the order of columns and how they are stored, statistics objects, casts, operators, rights on the
-- database. No statement moves a column. A new column is stored in the usual way unless it says
-- otherwise.
with columns as (
    select
        relations.oid,
        relations.relkind,
        attributes.attname,
        attributes.attstorage,
        attributes.attcompression,
        -- Some servers keep a number of their own among the options (15.20: pg_attver).
        (
            select pg_catalog.array_agg(given.option)
            from pg_catalog.unnest(attributes.attoptions) as given (option)
            where given.option !~ '^pg_'
        ) as options,
        types.typstorage,
        -- Versions before 17 write "default" as -1.
        coalesce(nullif(attributes.attstattarget, -1)::text, 'default') as target,
        case attributes.attstorage
            when 'p' then 'plain'
            when 'e' then 'external'
            when 'm' then 'main'
            else 'extended'
        end as storage,
        pg_catalog.format('%I.%I', namespaces.nspname, relations.relname) as relation,
        pg_catalog.row_number() over (
            partition by relations.oid
            order by attributes.attnum
        ) as place
    from pg_catalog.pg_attribute as attributes
    inner join pg_catalog.pg_class as relations on attributes.attrelid = relations.oid
    inner join pg_catalog.pg_namespace as namespaces on relations.relnamespace = namespaces.oid
    inner join pg_catalog.pg_type as types on attributes.atttypid = types.oid
    where
        namespaces.nspname ~ '^(aspen|api(_v[0-9]+)?|authz|internal)$'
        and relations.relkind in ('r', 'p', 'v')
        and attributes.attnum > 0
        and not attributes.attisdropped
)

select
    pg_catalog.format('column position:%s.%I', columns.relation, columns.attname) as name,
    columns.place::text as detail,
    null::text as make,
    null::text as unmake,
    false as is_usual
from columns
union all
select
    pg_catalog.format('column storage:%s.%I', columns.relation, columns.attname) as name,
    pg_catalog.format(
        '%s, compression %s, statistics %s, options %s',
        columns.storage,
        coalesce(nullif(columns.attcompression::text, ''), 'default'),
        columns.target,
        coalesce(columns.options::text, 'none')
    ) as detail,
    pg_catalog.format(
        'alter table %1$s alter column %2$I set storage %3$s,'
        ' alter column %2$I set compression %4$s, alter column %2$I set statistics %5$s,'
        ' alter column %2$I reset (n_distinct, n_distinct_inherited)%6$s',
        columns.relation,
        columns.attname,
        columns.storage,
        case columns.attcompression when 'p' then 'pglz' when 'l' then 'lz4' else 'default' end,
        case columns.target when 'default' then '-1' else columns.target end,
        ', alter column ' || pg_catalog.quote_ident(columns.attname)
        || ' set (' || pg_catalog.array_to_string(columns.options, ', ') || ')'
    ) as make,
    null as unmake,
    columns.attstorage = columns.typstorage
    and columns.attcompression = ''
    and columns.target = 'default'
    and columns.options is null as is_usual
from columns
where columns.relkind <> 'v'
union all
select
    pg_catalog.format('statistics:%I.%I', namespaces.nspname, objects.stxname) as name,
    pg_catalog.pg_get_statisticsobjdef(objects.oid) as detail,
    pg_catalog.pg_get_statisticsobjdef(objects.oid) as make,
    pg_catalog.format('drop statistics %I.%I', namespaces.nspname, objects.stxname) as unmake,
    false as is_usual
from pg_catalog.pg_statistic_ext as objects
inner join pg_catalog.pg_namespace as namespaces on objects.stxnamespace = namespaces.oid
union all
select
    pg_catalog.format('cast:%s as %s', types.source, types.target) as name,
    said.made,
    pg_catalog.format('create cast (%s as %s) %s', types.source, types.target, said.made) as make,
    pg_catalog.format('drop cast (%s as %s)', types.source, types.target) as unmake,
    false as is_usual
from pg_catalog.pg_cast as casts
cross join
    lateral (
        select
            pg_catalog.format_type(casts.castsource, null) as source,
            pg_catalog.format_type(casts.casttarget, null) as target
    ) as types
cross join
    lateral (
        select
            case casts.castmethod
                when 'f' then 'with function ' || casts.castfunc::pg_catalog.regprocedure
                when 'i' then 'with inout'
                else 'without function'
            end
            || case casts.castcontext
                when 'a' then ' as assignment' when 'i' then ' as implicit' else ''
            end
                as made
    ) as said
-- Nothing of ours is older than the database system itself.
where
    casts.oid >= 16384
    and not exists (
        select from pg_catalog.pg_depend as links
        where
            links.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass
            and links.objid = casts.oid
            and links.deptype in ('e', 'i')
    )
union all
select
    'operator:' || operators.oid::pg_catalog.regoperator,
    said.made,
    pg_catalog.format(
        'create operator %I.%s (%s)', namespaces.nspname, operators.oprname, said.made
    ) as make,
    'drop operator ' || operators.oid::pg_catalog.regoperator,
    false as is_usual
from pg_catalog.pg_operator as operators
inner join pg_catalog.pg_namespace as namespaces on operators.oprnamespace = namespaces.oid
cross join
    lateral (
        select
            pg_catalog.concat_ws(
                ', ',
                'function = ' || operators.oprcode::text,
                'leftarg = ' || nullif(operators.oprleft::pg_catalog.regtype::text, '-'),
                'rightarg = ' || nullif(operators.oprright::pg_catalog.regtype::text, '-'),
                'commutator = operator('
                || nullif(operators.oprcom::pg_catalog.regoper::text, '0') || ')',
                'negator = operator('
                || nullif(operators.oprnegate::pg_catalog.regoper::text, '0') || ')',
                case when operators.oprcanhash then 'hashes' end,
                case when operators.oprcanmerge then 'merges' end
            ) as made
    ) as said
where namespaces.nspname ~ '^(aspen|api(_v[0-9]+)?|authz|internal)$'
union all
select
    'rights on the database:of public and our roles' as name,
    pg_catalog.string_agg(said.one, ', ' order by said.one) as detail,
    null as make,
    null as unmake,
    false as is_usual
from pg_catalog.pg_database as databases
cross join
    lateral pg_catalog.aclexplode(
        coalesce(databases.datacl, pg_catalog.acldefault('d', databases.datdba))
    ) as entries
cross join
    lateral (
        select
            entries.privilege_type || ' to '
            || case entries.grantee
                when 0 then 'public' else entries.grantee::pg_catalog.regrole::text
            end
                as one
    ) as said
where
    databases.datname = pg_catalog.current_database()
    and (
        entries.grantee = 0
        or entries.grantee::pg_catalog.regrole::text in (
            'anon', 'member', 'operator', 'job', 'authenticator'
        )
    );

-- List every piece of code, every table and every schema by its address, with a mark that is
-- another one after any change of it: the transactions that wrote its catalogue rows. `made_by` is
-- the transaction that created it or replaced it, `touched_by` are all that wrote one of its rows;
-- while files are loaded in savepoints, these tell the files.
with code_schemas as (
    select namespaces.oid
    from pg_catalog.pg_namespace as namespaces
    where namespaces.nspname ~ '^(api(_v[0-9]+)?|authz|internal)$'
),

table_schemas as (
    select namespaces.oid
    from pg_catalog.pg_namespace as namespaces
    where namespaces.nspname ~ '^(aspen|api(_v[0-9]+)?|authz|internal)$'
),

relations as (
    select
        relations.oid,
        relations.xmin,
        relations.relkind
    from pg_catalog.pg_class as relations
    where
        relations.relkind in ('r', 'p', 'S')
        and relations.relnamespace in (select table_schemas.oid from table_schemas)
        or relations.relkind = 'v'
        and relations.relnamespace in (select code_schemas.oid from code_schemas)
),

objects as (
    select
        'pg_catalog.pg_proc'::pg_catalog.regclass::oid as classid,
        functions.oid as objid,
        functions.xmin::text::bigint as xid
    from pg_catalog.pg_proc as functions
    where
        functions.pronamespace in (select code_schemas.oid from code_schemas)
        -- What a load makes itself, under a name that never comes twice.
        and not pg_catalog.starts_with(functions.proname, 'loaded_')
    union all
    select
        'pg_catalog.pg_class'::pg_catalog.regclass,
        relations.oid,
        relations.xmin::text::bigint
    from relations
    union all
    select
        'pg_catalog.pg_type'::pg_catalog.regclass,
        types.oid,
        types.xmin::text::bigint
    from pg_catalog.pg_type as types
    left join pg_catalog.pg_class as relations on types.typrelid = relations.oid
    where
        types.typnamespace in (select code_schemas.oid from code_schemas)
        and types.typtype in ('c', 'd', 'e', 'r')
        and coalesce(relations.relkind, 'c') = 'c'
    union all
    select
        'pg_catalog.pg_cast'::pg_catalog.regclass,
        casts.oid,
        casts.xmin::text::bigint
    from pg_catalog.pg_cast as casts
    -- Nothing of ours is older than the database system itself.
    where casts.oid >= 16384
    union all
    select
        'pg_catalog.pg_operator'::pg_catalog.regclass,
        operators.oid,
        operators.xmin::text::bigint
    from pg_catalog.pg_operator as operators
    where operators.oprnamespace in (select code_schemas.oid from code_schemas)
    union all
    select
        'pg_catalog.pg_policy'::pg_catalog.regclass,
        policies.oid,
        policies.xmin::text::bigint
    from pg_catalog.pg_policy as policies
    union all
    select
        'pg_catalog.pg_trigger'::pg_catalog.regclass,
        triggers.oid,
        triggers.xmin::text::bigint
    from pg_catalog.pg_trigger as triggers
    where not triggers.tgisinternal and triggers.tgparentid = 0
),

parts as (
    select
        objects.classid,
        objects.objid,
        objects.xid,
        true as is_marking
    from objects
    union all
    select
        descriptions.classoid,
        descriptions.objoid,
        descriptions.xmin::text::bigint,
        true as is_marking
    from pg_catalog.pg_description as descriptions
    where descriptions.objoid >= 16384
    union all
    select
        rights.classid,
        rights.objid,
        rights.xmin::text::bigint,
        -- Every right is in a row of its own object as well, and a clone of the database has other
        -- rows here.
        false as is_marking
    from pg_catalog.pg_shdepend as rights
    inner join pg_catalog.pg_database as databases on rights.dbid = databases.oid
    where databases.datname = pg_catalog.current_database()
    union all
    select
        'pg_catalog.pg_class'::pg_catalog.regclass,
        attributes.attrelid,
        attributes.xmin::text::bigint,
        true as is_marking
    from pg_catalog.pg_attribute as attributes
    where attributes.attrelid >= 16384
    union all
    select
        'pg_catalog.pg_class'::pg_catalog.regclass,
        defaults.adrelid,
        defaults.xmin::text::bigint,
        true as is_marking
    from pg_catalog.pg_attrdef as defaults
    union all
    select
        'pg_catalog.pg_class'::pg_catalog.regclass,
        rules.ev_class,
        rules.xmin::text::bigint,
        true as is_marking
    from pg_catalog.pg_rewrite as rules
    where rules.ev_class >= 16384
    union all
    select
        'pg_catalog.pg_type'::pg_catalog.regclass,
        constraints.contypid,
        constraints.xmin::text::bigint,
        true as is_marking
    from pg_catalog.pg_constraint as constraints
    where constraints.contypid <> 0
    union all
    select
        'pg_catalog.pg_type'::pg_catalog.regclass,
        labels.enumtypid,
        labels.xmin::text::bigint,
        true as is_marking
    from pg_catalog.pg_enum as labels
),

marks as (
    select
        parts.classid,
        parts.objid,
        pg_catalog.array_agg(distinct parts.xid) as touched_by,
        -- Of a dropped comment no row is left: so their number counts.
        pg_catalog.format(
            '%s %s',
            pg_catalog.count(*) filter (where parts.is_marking),
            pg_catalog.array_agg(distinct parts.xid) filter (where parts.is_marking)
        ) as mark
    from parts
    group by parts.classid, parts.objid
),

creations as (
    select
        links.classid,
        links.objid,
        pg_catalog.max(links.xmin::text::bigint) as xid
    from pg_catalog.pg_depend as links
    where links.objid >= 16384
    group by links.classid, links.objid
)

select
    objects.classid,
    objects.objid,
    marks.mark,
    coalesce(creations.xid, objects.xid) as made_by,
    marks.touched_by
from objects
inner join marks on objects.classid = marks.classid and objects.objid = marks.objid
left join creations on objects.classid = creations.classid and objects.objid = creations.objid
union all
-- Rights on a schema come and go while files are loaded: what counts is what is left.
select
    'pg_catalog.pg_namespace'::pg_catalog.regclass,
    namespaces.oid,
    pg_catalog.format('%s %s', namespaces.nspowner, namespaces.nspacl) as mark,
    0 as made_by,
    null as touched_by
from pg_catalog.pg_namespace as namespaces
where namespaces.oid in (select table_schemas.oid from table_schemas)
union all
select
    'pg_catalog.pg_default_acl'::pg_catalog.regclass,
    rights.oid,
    pg_catalog.format('%s %s', rights.defaclrole, rights.defaclacl) as mark,
    0 as made_by,
    null as touched_by
from pg_catalog.pg_default_acl as rights;

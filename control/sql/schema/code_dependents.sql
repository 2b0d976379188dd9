-- List everything outside the code that needs a piece of it: dropping the code would drop that too,
-- data and all. Closed by construction: whatever is not known to be code is reported.
with code_schemas as (
    select namespaces.oid
    from pg_catalog.pg_namespace as namespaces
    where namespaces.nspname ~ '^(api(_v[0-9]+)?|authz|internal)$'
),

code_relations as (
    select relations.oid
    from pg_catalog.pg_class as relations
    where
        relations.relnamespace in (select code_schemas.oid from code_schemas)
        and relations.relkind in ('v', 'c')
),

code_types as (
    select types.oid
    from pg_catalog.pg_type as types
    left join pg_catalog.pg_class as relations on types.typrelid = relations.oid
    left join pg_catalog.pg_type as elements on types.oid = elements.typarray
    left join pg_catalog.pg_class as element_relations on elements.typrelid = element_relations.oid
    where types.typnamespace in (select code_schemas.oid from code_schemas)
    -- The row types of tables are data, wherever the table stands.
    and coalesce(relations.relkind, element_relations.relkind, 'v') in ('v', 'c')
),

code as (
    select
        'pg_catalog.pg_class'::pg_catalog.regclass as classid,
        code_relations.oid as objid
    from code_relations
    union all
    select
        'pg_catalog.pg_type'::pg_catalog.regclass,
        code_types.oid
    from code_types
    union all
    select
        'pg_catalog.pg_proc'::pg_catalog.regclass,
        functions.oid
    from pg_catalog.pg_proc as functions
    where functions.pronamespace in (select code_schemas.oid from code_schemas)
    union all
    select
        'pg_catalog.pg_operator'::pg_catalog.regclass,
        operators.oid
    from pg_catalog.pg_operator as operators
    where operators.oprnamespace in (select code_schemas.oid from code_schemas)
    union all
    select
        'pg_catalog.pg_rewrite'::pg_catalog.regclass,
        rules.oid
    from pg_catalog.pg_rewrite as rules
    where rules.ev_class in (select code_relations.oid from code_relations)
    union all
    select
        'pg_catalog.pg_attrdef'::pg_catalog.regclass,
        defaults.oid
    from pg_catalog.pg_attrdef as defaults
    where defaults.adrelid in (select code_relations.oid from code_relations)
    union all
    select
        'pg_catalog.pg_constraint'::pg_catalog.regclass,
        constraints.oid
    from pg_catalog.pg_constraint as constraints
    where constraints.contypid in (select code_types.oid from code_types)
    union all
    select
        'pg_catalog.pg_cast'::pg_catalog.regclass,
        casts.oid
    from pg_catalog.pg_cast as casts
    where
        casts.castsource in (select code_types.oid from code_types)
        or casts.casttarget in (select code_types.oid from code_types)
        or casts.castfunc in (
            select functions.oid
            from pg_catalog.pg_proc as functions
            where functions.pronamespace in (select code_schemas.oid from code_schemas)
        )
    union all
    select
        'pg_catalog.pg_policy'::pg_catalog.regclass,
        policies.oid
    from pg_catalog.pg_policy as policies
    union all
    select
        'pg_catalog.pg_trigger'::pg_catalog.regclass,
        triggers.oid
    from pg_catalog.pg_trigger as triggers
)

select
    pg_catalog.pg_describe_object(links.classid, links.objid, links.objsubid) as dependent,
    pg_catalog.pg_describe_object(links.refclassid, links.refobjid, links.refobjsubid) as needed
from pg_catalog.pg_depend as links
inner join code on links.refclassid = code.classid and links.refobjid = code.objid
where
    not exists (
        select from code as known
        where known.classid = links.classid and known.objid = links.objid
    )
order by 1, 2;

-- List which piece of code needs which other, as drop … cascade sees it: a view's rules, defaults
-- and row type count as the view, the checks of a domain and the array of a type as the type.
with owned as (
    select
        'pg_catalog.pg_rewrite'::pg_catalog.regclass::oid as classid,
        rules.oid as objid,
        'pg_catalog.pg_class'::pg_catalog.regclass::oid as owner_classid,
        rules.ev_class as owner_objid
    from pg_catalog.pg_rewrite as rules
    union all
    select
        'pg_catalog.pg_attrdef'::pg_catalog.regclass,
        defaults.oid,
        'pg_catalog.pg_class'::pg_catalog.regclass,
        defaults.adrelid
    from pg_catalog.pg_attrdef as defaults
    union all
    select
        'pg_catalog.pg_constraint'::pg_catalog.regclass,
        constraints.oid,
        'pg_catalog.pg_type'::pg_catalog.regclass,
        constraints.contypid
    from pg_catalog.pg_constraint as constraints
    where constraints.contypid <> 0
    union all
    select
        'pg_catalog.pg_type'::pg_catalog.regclass,
        types.oid,
        case
            when relations.relkind = 'v' then 'pg_catalog.pg_class'::pg_catalog.regclass
            else 'pg_catalog.pg_type'::pg_catalog.regclass
        end as owner_classid,
        case when relations.relkind = 'v' then relations.oid else elements.oid end as owner_objid
    from pg_catalog.pg_type as types
    left join pg_catalog.pg_type as elements on types.oid = elements.typarray
    left join pg_catalog.pg_class as relations
        on coalesce(elements.typrelid, types.typrelid) = relations.oid
    where relations.relkind = 'v' or elements.oid is not null
),

links as (
    select
        coalesce(dependents.owner_classid, depends.classid) as classid,
        coalesce(dependents.owner_objid, depends.objid) as objid,
        coalesce(needed.owner_classid, depends.refclassid) as needed_classid,
        coalesce(needed.owner_objid, depends.refobjid) as needed_objid
    from pg_catalog.pg_depend as depends
    left join owned as dependents
        on depends.classid = dependents.classid and depends.objid = dependents.objid
    left join owned as needed
        on depends.refclassid = needed.classid and depends.refobjid = needed.objid
    -- Nothing of ours is older than the database system itself.
    where depends.objid >= 16384 and depends.refobjid >= 16384
)

select distinct
    links.classid,
    links.objid,
    links.needed_classid,
    links.needed_objid
from links
where (links.classid, links.objid) <> (links.needed_classid, links.needed_objid);

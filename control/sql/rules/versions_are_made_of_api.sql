-- A view of a previous version of the API reads views of api, whose masks and limits so hold for it
-- as well.
select
    views.oid::regclass::text as object,
    format('reads %s, around what api masks', sources.oid::regclass) as problem,
    'make it of the views of api' as cure
from pg_catalog.pg_class as views
inner join pg_catalog.pg_rewrite as rules
    on views.oid = rules.ev_class
inner join pg_catalog.pg_depend as links
    on
        rules.oid = links.objid
        and links.classid = 'pg_catalog.pg_rewrite'::regclass
        and links.refclassid = 'pg_catalog.pg_class'::regclass
inner join pg_catalog.pg_class as sources
    on links.refobjid = sources.oid and views.oid <> sources.oid
where
    views.relnamespace::regnamespace::text ~ '^api_v[0-9]+$'
    and sources.relnamespace <> 'api'::regnamespace
group by views.oid, sources.oid

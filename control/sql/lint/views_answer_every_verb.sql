-- PostgreSQL can write to every view of api, so that who may not is refused for that and not by a
-- fault.
-- Fix: keep the view simple enough for updates, or write `instead of` triggers.
select views.oid::regclass::text as object
from pg_catalog.pg_class as views
where
    views.relnamespace::regnamespace::text ~ '^api(_v[0-9]+)?$'
    and views.relkind = 'v'
    -- The bits of update, insert and delete.
    and pg_relation_is_updatable(views.oid, true) & 28 <> 28

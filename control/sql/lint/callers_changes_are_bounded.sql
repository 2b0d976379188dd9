-- Whatever rows member or operator may change or delete, a trigger bounds how many one request
-- affects.
-- Fix: run `control migrate up`: sql/structure.sql makes the trigger <table>_bound_affected_rows.
select format('%s: %s', relations.oid::regclass, events.name) as object
from pg_catalog.pg_class as relations
cross join (values ('delete', 8), ('update', 16)) as events (name, bit)
where
    exists (
        select from unnest(array['member', 'operator']) as roles (name)
        where
            has_table_privilege(roles.name, relations.oid, events.name)
            or events.name = 'update'
            and has_any_column_privilege(roles.name, relations.oid, 'update')
    )
    and (
        relations.relnamespace = 'aspen'::regnamespace and relations.relkind in ('r', 'p')
        -- A view that writes by itself reaches a table; one that writes by triggers has its own.
        or relations.relnamespace::regnamespace::text ~ '^api(_v[0-9]+)?$' and exists (
            select from pg_catalog.pg_trigger as triggers
            where
                triggers.tgrelid = relations.oid
                and triggers.tgtype & 64 <> 0
                and triggers.tgtype & events.bit <> 0
        )
    )
    and not exists (
        select from pg_catalog.pg_trigger as triggers
        where
            triggers.tgrelid = relations.oid
            and triggers.tgfoid = to_regprocedure('internal.bound_affected_rows()')
            -- For each row, before it is changed or instead of that, and enabled.
            and triggers.tgtype & 1 <> 0
            and triggers.tgtype & (2 + 64) <> 0
            and triggers.tgtype & events.bit <> 0
            and triggers.tgenabled = 'O'
    )

-- What happens of itself: one trigger a line, as PostgreSQL writes it, on or off.
select
    format(
        '%s: %s%s',
        triggers.tgrelid::regclass,
        regexp_replace(pg_get_triggerdef(triggers.oid), '^CREATE (CONSTRAINT )?TRIGGER ', '\1'),
        case triggers.tgenabled when 'O' then '' else format(' (%s)', triggers.tgenabled) end
    ) as fact
from pg_catalog.pg_trigger as triggers
where not triggers.tgisinternal

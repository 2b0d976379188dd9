-- Every change of a tenant row, of a user and of credentials is recorded in audit_log.
select
    format('%s: %s', tables.oid::regclass, events.name) as object,
    'this change of its rows is not recorded in audit_log' as problem,
    'run sql/structure.sql, which creates the triggers <table>_record_insert, _update and _delete'
        as cure
from pg_catalog.pg_class as tables
cross join (values ('insert', 4), ('delete', 8), ('update', 16)) as events (name, bit)
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and to_regclass('aspen.audit_log') is not null
    -- What records changes itself, or counts.
    and tables.relname not in (
        'audit_log', 'event_notes', 'events', 'group_requests', 'group_sizes',
        'replaced_sequences'
    )
    -- Partitions have the triggers of their table.
    and not tables.relispartition
    and (
        tables.relname in ('groups', 'users', 'storage_credentials')
        or exists (
            select from pg_catalog.pg_attribute as columns
            where columns.attrelid = tables.oid and columns.attname = 'group_id'
        )
    )
    and not exists (
        select from pg_catalog.pg_trigger as triggers
        where
            triggers.tgrelid = tables.oid
            and triggers.tgenabled = 'O'
            and triggers.tgtype & events.bit <> 0
            and triggers.tgfoid::regproc::text like 'internal.record\_%'
    )

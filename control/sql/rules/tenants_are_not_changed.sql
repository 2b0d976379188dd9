-- Nobody who serves callers may move a row to another group. aspen.sequences: an upsert writes the
-- key as well; the trigger sequences_refuse_move holds the rule there.
select
    format('%s by %s', tables.oid::regclass, roles.rolname) as object,
    'may move rows to another group' as problem,
    format('grant update on columns other than %I', columns.attname) as cure
from pg_catalog.pg_class as tables
inner join pg_catalog.pg_attribute as columns
    on tables.oid = columns.attrelid and columns.attname = 'group_id'
cross join pg_catalog.pg_roles as roles
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and roles.rolname in (
        'authenticator', 'anon', 'member', 'operator', 'job', 'analyst', 'api_writer'
    )
    and has_column_privilege(roles.oid, tables.oid, columns.attnum, 'update')
    and not (
        tables.relname = 'sequences'
        and exists (
            select from pg_catalog.pg_trigger as triggers
            where triggers.tgrelid = tables.oid and triggers.tgname = 'sequences_refuse_move'
        )
    )

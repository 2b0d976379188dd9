-- Every table of ours, and every other one that somebody who serves callers may touch, has
-- row-level security enabled, and forced on its owner too.
select
    tables.oid::regclass::text as object,
    case
        when tables.relrowsecurity
            then 'row-level security is not forced on its owner'
        else 'row-level security is not enabled: who is granted the table gets all of its rows'
    end as problem,
    format(
        'alter table %s enable row level security, force row level security', tables.oid::regclass
    ) as cure
from pg_catalog.pg_class as tables
where
    tables.relkind in ('r', 'p')
    and not (tables.relrowsecurity and tables.relforcerowsecurity)
    and (
        tables.relnamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
        or tables.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
        and not exists (
            select from pg_catalog.pg_depend as links
            where
                links.classid = 'pg_catalog.pg_class'::regclass
                and links.objid = tables.oid
                and links.deptype = 'e'
        )
        and exists (
            select from pg_catalog.pg_roles as roles
            where
                roles.rolname in (
                    'authenticator', 'anon', 'member', 'operator', 'job', 'analyst',
                    'claims_reader', 'api_writer', 'auditor', 'job_runner', 'presigner',
                    'registrar', 'results_keeper', 'observer'
                )
                and (
                    has_table_privilege(roles.oid, tables.oid, 'select, insert, update, delete')
                    or has_any_column_privilege(roles.oid, tables.oid, 'select, insert, update')
                )
        )
    )

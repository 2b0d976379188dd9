-- Every view is security_invoker: through any other one, its owner's rights decide. Views elsewhere
-- count once somebody who serves callers may read them.
select
    views.oid::regclass::text as object,
    'whoever reads it gets the rows that its owner may see' as problem,
    format('alter view %s set (security_invoker = true)', views.oid::regclass) as cure
from pg_catalog.pg_class as views
where
    views.relkind = 'v'
    and not exists (
        select from pg_options_to_table(views.reloptions) as options
        where options.option_name = 'security_invoker' and options.option_value::boolean
    )
    and (
        views.relnamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
        or views.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
        and not exists (
            select from pg_catalog.pg_depend as links
            where
                links.classid = 'pg_catalog.pg_class'::regclass
                and links.objid = views.oid
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
                    has_table_privilege(roles.oid, views.oid, 'select, insert, update, delete')
                    or has_any_column_privilege(roles.oid, views.oid, 'select, insert, update')
                )
        )
    )

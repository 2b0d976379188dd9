-- What PostgREST exposes, to whom and after which check is in postgrest.conf: settings of its login
-- win over the file.
select
    format('%s of %s', split_part(entries.entry, '=', 1), coalesce(roles.rolname, 'every role'))
        as object,
    'it overrides what postgrest.conf says of schemas, roles, keys or checks' as problem,
    format(
        'alter role %s%s reset %s', coalesce(quote_ident(roles.rolname), 'all'),
        ' in database ' || quote_ident(databases.datname), split_part(entries.entry, '=', 1)
    ) as cure
from pg_catalog.pg_db_role_setting as settings
cross join unnest(settings.setconfig) as entries (entry)
left join pg_catalog.pg_roles as roles
    on settings.setrole = roles.oid
left join pg_catalog.pg_database as databases
    on settings.setdatabase = databases.oid
where
    coalesce(roles.rolname, 'authenticator') = 'authenticator'
    and coalesce(databases.datname, current_database()) = current_database()
    and entries.entry ~ (
        '^pgrst\.(db_schemas?|db_extra_search_path|db_anon_role|(db_)?pre_request'
        || '|db_plan_enabled|jwt_\w+)='
    )

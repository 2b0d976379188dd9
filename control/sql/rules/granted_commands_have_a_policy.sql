-- Whoever may run a command on a table of aspen is named by a permissive policy for it.
select
    format('%s: %s by %s', tables.oid::regclass, commands.name, roles.rolname) as object,
    'granted, and no permissive policy of this role is for it' as problem,
    format('create a policy for %s to %s on it, or revoke the grant', commands.name, roles.rolname)
        as cure
from pg_catalog.pg_class as tables
cross join (
    values ('select', 'r'), ('insert', 'a'), ('update', 'w'), ('delete', 'd')
) as commands (name, code)
cross join pg_catalog.pg_roles as roles
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and roles.rolname in (
        'authenticator', 'anon', 'member', 'operator', 'job', 'analyst', 'claims_reader',
        'api_writer', 'auditor', 'job_runner', 'presigner', 'registrar', 'results_keeper',
        'observer'
    )
    and (
        has_table_privilege(roles.oid, tables.oid, commands.name)
        or commands.name <> 'delete'
        and has_any_column_privilege(roles.oid, tables.oid, commands.name)
    )
    and not exists (
        select from pg_catalog.pg_policy as policies
        where
            policies.polrelid = tables.oid
            and policies.polpermissive
            and policies.polcmd in (commands.code::pg_catalog."char", '*') -- noqa: RF06
            and exists (
                select from unnest(policies.polroles) as named (oid)
                where pg_has_role(roles.oid, named.oid, 'usage')
            )
    )

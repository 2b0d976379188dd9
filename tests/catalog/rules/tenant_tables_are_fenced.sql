-- On every table with a group_id, a fence restricts whoever serves callers to the groups they see.
select format('%s: %s', tables.oid::regclass, roles.rolname) as offender
from pg_catalog.pg_class as tables
inner join pg_catalog.pg_attribute as columns
    on tables.oid = columns.attrelid and columns.attname = 'group_id'
cross join pg_catalog.pg_roles as roles
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and roles.rolname in ('authenticator', 'anon', 'member', 'operator', 'job', 'analyst', 'api_writer')
    and (
        has_table_privilege(roles.oid, tables.oid, 'select, insert, update, delete')
        or has_any_column_privilege(roles.oid, tables.oid, 'select, insert, update')
        or exists (
            select from pg_catalog.pg_policy as policies
            where
                policies.polrelid = tables.oid
                and policies.polpermissive
                and roles.oid = any (policies.polroles)
        )
    )
    and not exists (
        select from pg_catalog.pg_policy as fences
        where
            fences.polrelid = tables.oid
            and not fences.polpermissive
            and fences.polcmd = '*'
            and pg_get_expr(fences.polqual, fences.polrelid) ~ $$group_id = ANY .*'aspen.any_groups'::text$$
            and pg_get_expr(fences.polwithcheck, fences.polrelid) = pg_get_expr(fences.polqual, fences.polrelid)
            and exists (
                select from unnest(fences.polroles) as named (oid)
                where pg_has_role(roles.oid, named.oid, 'usage')
            )
    )

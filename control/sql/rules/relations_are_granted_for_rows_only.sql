-- truncate ignores row-level security, references tells what exists, triggers run as others; public
-- gets nothing.
select
    format(
        '%s: %s to %s', relations.oid::regclass, privileges.privilege_type,
        case privileges.grantee when 0 then 'public' else privileges.grantee::regrole::text end
    ) as object,
    'granted to everybody, or for more than rows' as problem,
    'grant select, insert, update or delete, each to the roles that need it' as cure
from pg_catalog.pg_class as relations
cross join
    lateral (
        select
            acl.grantee,
            acl.privilege_type
        from aclexplode(relations.relacl) as acl
        union all
        select
            acl.grantee,
            acl.privilege_type
        from pg_catalog.pg_attribute as columns
        cross join aclexplode(columns.attacl) as acl
        where columns.attrelid = relations.oid
    ) as privileges
where
    relations.relnamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?|control)$'
    and relations.relkind in ('r', 'p', 'v')
    and privileges.grantee <> relations.relowner
    and (
        privileges.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
        or privileges.grantee = 0
    )

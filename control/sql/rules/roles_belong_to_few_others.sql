-- Who may become whom: PostgREST the API roles, an operator a member, the owner the definers. What
-- control may become is a convention only, for it bypasses row-level security anyway.
select
    format('%s as %s', members.rolname, roles.rolname) as object,
    'may act as a role that it must not become' as problem,
    format('revoke %I from %I', roles.rolname, members.rolname) as cure
from pg_catalog.pg_auth_members as memberships
inner join pg_catalog.pg_roles as members
    on memberships.member = members.oid
inner join pg_catalog.pg_roles as roles
    on memberships.roleid = roles.oid
where
    members.rolname in (
        'aspen_owner', 'authenticator', 'anon', 'member', 'operator', 'job', 'analyst',
        'claims_reader', 'api_writer', 'auditor', 'job_runner', 'presigner', 'registrar',
        'results_keeper', 'observer'
    )
    and (members.rolname, roles.rolname) not in (
        ('authenticator', 'anon'), ('authenticator', 'member'), ('authenticator', 'operator'),
        ('authenticator', 'job'), ('operator', 'member'), ('observer', 'pg_read_all_stats'),
        ('aspen_owner', 'claims_reader'), ('aspen_owner', 'api_writer'),
        ('aspen_owner', 'auditor'), ('aspen_owner', 'job_runner'), ('aspen_owner', 'presigner'),
        ('aspen_owner', 'registrar'), ('aspen_owner', 'results_keeper'),
        ('aspen_owner', 'observer')
    )

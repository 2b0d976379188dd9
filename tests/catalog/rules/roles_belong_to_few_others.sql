-- Who may become whom: PostgREST the API roles, an operator a member, the owner the definers, control all it manages.
select format('%s as %s', members.rolname, roles.rolname) as offender
from pg_catalog.pg_auth_members as memberships
inner join pg_catalog.pg_roles as members
    on memberships.member = members.oid
inner join pg_catalog.pg_roles as roles
    on memberships.roleid = roles.oid
where
    members.rolname in (
        'aspen_owner', 'authenticator', 'anon', 'member', 'operator', 'job', 'control', 'analyst',
        'claims_reader', 'api_writer', 'auditor', 'presigner'
    )
    and not roles.rolname = any (case members.rolname
        when 'authenticator' then '{anon, member, operator, job}'::text[]
        when 'operator' then '{member}'
        when 'aspen_owner' then '{claims_reader, api_writer, auditor, presigner}'
        when 'control' then '{aspen_owner, anon, member, operator, job, pg_read_all_stats}'
        else '{}'
    end)

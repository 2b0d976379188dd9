insert into aspen.memberships (group_id, user_id, role)
select
    groups.id,
    users.id as user_id,
    wanted.role
from
    unnest(%(organizations)s::text[], %(subjects)s::text[], %(roles)s::text[])
        as wanted (organization_id, subject, role)
inner join aspen.groups as groups
    on wanted.organization_id = groups.directory_id
inner join aspen.users as users
    on wanted.subject = users.subject
on conflict (group_id, user_id) do update
    set role = excluded.role;

insert into aspen.group_grants (group_id, grantee_group_id, role, granted_by_id)
select
    owners.id,
    viewers.id as grantee_group_id,
    'viewer' as role,
    users.id as granted_by_id
from aspen.groups as owners
cross join aspen.groups as viewers
cross join aspen.users as users
where
    owners.prefix = %(owner_prefix)s
    and viewers.prefix = %(viewer_prefix)s
    and users.subject = %(subject)s
on conflict (group_id, grantee_group_id) do nothing;

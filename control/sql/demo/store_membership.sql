insert into aspen.memberships (group_id, user_id, role)
select
    groups.id,
    users.id as user_id,
    %(role)s as role
from aspen.groups as groups
cross join aspen.users as users
where
    groups.prefix = %(prefix)s
    and users.subject = %(subject)s
on conflict (group_id, user_id) do nothing;

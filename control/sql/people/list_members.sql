-- List who is in which group, all or those with the given ids, of the given group and user.
select
    memberships.id,
    memberships.group_id,
    groups.name as group_name,
    memberships.user_id,
    users.name,
    users.email,
    memberships.role,
    users.disabled_at,
    memberships.created_at
from aspen.memberships as memberships
inner join aspen.groups as groups
    on memberships.group_id = groups.id
inner join aspen.users as users
    on memberships.user_id = users.id
where
    (%(ids)s::bigint[] is null or memberships.id = any(%(ids)s))
    and (%(group_id)s::bigint is null or memberships.group_id = %(group_id)s)
    and (%(user_id)s::bigint is null or memberships.user_id = %(user_id)s)
order by memberships.group_id, memberships.id

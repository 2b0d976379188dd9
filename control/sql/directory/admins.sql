select
    groups.name,
    array_agg(users.subject) as subjects
from aspen.memberships as memberships
inner join aspen.groups as groups
    on memberships.group_id = groups.id
inner join aspen.users as users
    on memberships.user_id = users.id
where memberships.role = 'admin' and users.disabled_at is null
group by groups.name;

select
    groups.directory_id,
    users.subject,
    memberships.role
from aspen.memberships as memberships
inner join aspen.groups as groups
    on memberships.group_id = groups.id
inner join aspen.users as users
    on memberships.user_id = users.id
where groups.directory_id is not null;

delete from aspen.memberships as memberships
using
    unnest(%(organizations)s::text[], %(subjects)s::text[])
        as unwanted (organization_id, subject),
    aspen.groups as groups,
    aspen.users as users
where
    unwanted.organization_id = groups.directory_id
    and unwanted.subject = users.subject
    and memberships.group_id = groups.id
    and memberships.user_id = users.id;

-- List groups, all or those with the given ids.
select
    groups.id,
    groups.name,
    groups.prefix,
    groups.submitting_lab,
    groups.address,
    groups.division,
    groups.location,
    groups.default_tree_location_id,
    (
        select count(*) from aspen.memberships as memberships
        where memberships.group_id = groups.id
    ) as member_count,
    groups.created_at,
    groups.updated_at
from aspen.groups as groups
where groups.id <> 0 and (%(ids)s::bigint[] is null or groups.id = any(%(ids)s))
order by groups.id -- noqa: PRS

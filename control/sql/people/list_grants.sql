-- List the grants that groups gave each other, all or those with the given ids, given to or by the
-- given group.
select
    grants.id,
    grants.group_id,
    groups.name as group_name,
    grants.grantee_group_id,
    grantees.name as grantee_name,
    grants.role,
    grants.ends_at,
    case when grants.ends_at <= now() then 'ended' else 'active' end as status,
    grants.granted_by_id,
    grants.created_at
from aspen.group_grants as grants
inner join aspen.groups as groups
    on grants.group_id = groups.id
inner join aspen.groups as grantees
    on grants.grantee_group_id = grantees.id
where
    (%(ids)s::bigint[] is null or grants.id = any(%(ids)s))
    and (%(group_id)s::bigint is null or %(group_id)s in (grants.group_id, grants.grantee_group_id))
order by grants.group_id, grants.id

-- List invitations as the API shows them, all or those with the given ids or of the given group,
-- and open ones only if wanted.
select
    invitations.id,
    invitations.group_id,
    groups.name as group_name,
    invitations.email,
    invitations.role,
    invitations.status,
    invitations.invited_by_id,
    invitations.created_at,
    invitations.expires_at,
    invitations.accepted_at,
    invitations.revoked_at
from api.invitations as invitations
inner join aspen.groups as groups
    on invitations.group_id = groups.id
where
    (%(ids)s::bigint[] is null or invitations.id = any(%(ids)s))
    and (%(group_id)s::bigint is null or invitations.group_id = %(group_id)s)
    and (not %(open_only)s or invitations.status = 'open')
order by invitations.id

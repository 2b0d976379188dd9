-- List machine tokens as the API shows them, all or those with the given ids or of the given group,
-- and open ones only if wanted.
select
    tokens.id,
    tokens.group_id,
    groups.name as group_name,
    tokens.user_id,
    users.email as user,
    tokens.name,
    tokens.scope,
    case when users.disabled_at is null then tokens.status else 'user disabled' end as status,
    tokens.created_at,
    tokens.expires_at,
    tokens.revoked_at,
    tokens.last_used_at
from api.machine_tokens as tokens
inner join aspen.groups as groups
    on tokens.group_id = groups.id
inner join aspen.users as users
    on tokens.user_id = users.id
where
    (%(ids)s::bigint[] is null or tokens.id = any(%(ids)s))
    and (%(group_id)s::bigint is null or tokens.group_id = %(group_id)s)
    and (not %(open_only)s or tokens.status = 'open')
order by tokens.id

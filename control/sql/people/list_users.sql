-- List users, all or those with the given ids.
select
    users.id,
    users.subject,
    users.name,
    users.email,
    users.is_operator,
    users.gisaid_submitter_id,
    users.disabled_at,
    users.tokens_valid_after,
    coalesce((
        select jsonb_object_agg(labs.name, memberships.role order by labs.name)
        from aspen.memberships as memberships
        inner join aspen.groups as labs
            on memberships.group_id = labs.id
        where memberships.user_id = users.id
    ), '{}') as groups,
    users.created_at
from aspen.users as users
where %(ids)s::bigint[] is null or users.id = any(%(ids)s)
order by users.id

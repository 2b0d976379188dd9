-- Return one caller of each kind that a row of this group concerns, with how many there are and
-- their names: the role and the claims are those of a token that names no groups.
with held as (
    select
        users.id as user_id,
        users.subject,
        users.name,
        users.is_operator,
        memberships.group_id,
        memberships.role
    from aspen.users as users
    left join aspen.memberships as memberships on users.id = memberships.user_id
    where users.disabled_at is null
),

kinds as (
    select
        case held.role when 'admin' then 1 when 'member' then 2 else 3 end as place,
        held.role || ' of ' || groups.name as kind,
        'member' as role,
        held.user_id,
        held.subject,
        held.name
    from held
    inner join aspen.groups as groups on held.group_id = groups.id
    where held.group_id = %(group_id)s
    union all
    select
        case grants.role when 'admin' then 4 when 'member' then 5 else 6 end as place,
        grants.role || ' by a grant to ' || groups.name as kind,
        'member' as role,
        held.user_id,
        held.subject,
        held.name
    from held
    inner join aspen.group_grants as grants on held.group_id = grants.grantee_group_id
    inner join aspen.groups as groups on grants.grantee_group_id = groups.id
    where
        grants.group_id = %(group_id)s
        and (grants.ends_at is null or grants.ends_at > now())
        and not exists (
            select from held as own
            where own.user_id = held.user_id and own.group_id = %(group_id)s
        )
    union all
    select distinct
        7 as place,
        case when %(group_id)s::bigint is null then 'user' else 'stranger' end as kind,
        'member' as role,
        held.user_id,
        held.subject,
        held.name
    from held
    where
        not held.is_operator
        and not exists (
            select from held as own
            where own.user_id = held.user_id and own.group_id = %(group_id)s
        )
        and not exists (
            select from held as own
            inner join aspen.group_grants as grants on own.group_id = grants.grantee_group_id
            where
                own.user_id = held.user_id
                and grants.group_id = %(group_id)s
                and (grants.ends_at is null or grants.ends_at > now())
        )
    union all
    select distinct
        8 as place,
        'operator' as kind,
        'operator' as role,
        held.user_id,
        held.subject,
        held.name
    from held
    where held.is_operator
)

select
    kinds.kind,
    kinds.role,
    (array_agg(kinds.subject order by kinds.user_id))[1] as subject,
    null::bigint as job_id,
    null::integer as attempt,
    count(*) as people,
    (array_agg(kinds.name::text order by kinds.user_id))[1:5] as names,
    kinds.place
from kinds
group by kinds.place, kinds.kind, kinds.role
union all
(
    select
        'running job' as kind,
        'job' as role,
        null as subject,
        jobs.id as job_id,
        jobs.attempt,
        count(*) over () as people,
        '{}' as names,
        9 as place
    from aspen.jobs as jobs
    where jobs.status = 'running' and jobs.group_id is not distinct from %(group_id)s
    order by jobs.id
    limit 1
)
union all
select
    'nobody (no token)' as kind,
    'anon' as role,
    null as subject,
    null as job_id,
    null as attempt,
    0 as people,
    '{}' as names,
    10 as place
order by place, kind

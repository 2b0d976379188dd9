-- definer because nobody who calls may read users, memberships and grants of others. It checks
-- whom the caller may ask about itself, and speaks of one group only. is_disabled and the four
-- flags after it say what authz.identify_caller would set for a token that names no groups.
create or replace function authz.user_access(user_id bigint, group_id bigint)
returns table (
    is_own boolean,
    is_operator boolean,
    disabled_at timestamptz,
    tokens_valid_after timestamptz,
    role text,
    sees_any boolean,
    sees_full boolean,
    is_member boolean,
    is_admin boolean,
    grants jsonb
)
language sql
stable
security definer
set search_path = ''
rows 1
as $$
    select
        roles.role is not null as is_own,
        users.is_operator,
        users.disabled_at,
        users.tokens_valid_after,
        roles.role,
        user_access.group_id = any(held.direct_groups || granted.any_groups)
        or user_access.group_id = 0 and users.is_operator as sees_any,
        user_access.group_id = any(held.member_groups || granted.full_groups)
        or user_access.group_id = 0 and users.is_operator as sees_full,
        user_access.group_id = any(held.member_groups) as is_member,
        user_access.group_id = any(held.admin_groups) as is_admin,
        given.grants
    from aspen.users as users
    cross join lateral authz.held_groups(users.id) as held
    cross join lateral authz.granted_groups(held.direct_groups) as granted
    left join aspen.memberships as roles
        on users.id = roles.user_id and roles.group_id = user_access.group_id
    cross join lateral (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'grantee', groups.name,
                'role', grants.role,
                'ends_at', grants.ends_at,
                'has_ended', grants.ends_at <= now()
            )
            order by groups.name
        ), '[]') as grants
        from aspen.group_grants as grants
        inner join aspen.groups as groups on grants.grantee_group_id = groups.id
        where
            grants.group_id = user_access.group_id
            and grants.grantee_group_id = any(held.direct_groups)
    ) as given
    where
        users.id = user_access.user_id
        and (
            current_setting('role', true) = 'operator'
            or user_access.group_id = any(authz.admin_groups())
            and (roles.role is not null or given.grants <> '[]')
        );
$$;

comment on function authz.user_access(bigint, bigint) is
$$What a user may see of a group, and why

No row where the caller may not ask: operators ask about every user and group; direct admins about
members of their group, and about whoever holds a role in a group that it grants, or granted, access.
grants is [{"grantee", "role", "ends_at", "has_ended"}].$$;

revoke all on function authz.user_access(bigint, bigint) from public;
grant execute on function authz.user_access(bigint, bigint) to member;

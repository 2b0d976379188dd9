-- definer because a viewer may not read the group itself, yet should see the names of the groups in
-- the token. What somebody may do follows from the same settings that the policies compare with.
create or replace function authz.caller_groups()
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(jsonb_agg(
        jsonb_build_object(
            'id', groups.id,
            'name', groups.name,
            'role', case
                when groups.id = any(authz.admin_groups()) then 'admin'
                when groups.id = any(authz.member_groups()) then 'member'
                else coalesce(granted.role, 'viewer')
            end,
            'is_granted', granted.role is not null,
            'ends_at', granted.ends_at,
            'may', array_remove(array[
                'read',
                case when groups.id = any(authz.full_groups()) then 'read_private' end,
                case when groups.id = any(authz.full_groups()) then 'change' end,
                case when groups.id = any(authz.member_groups()) then 'create' end,
                case when groups.id = any(authz.member_groups()) then 'read_members' end,
                case when groups.id = any(authz.admin_groups()) then 'manage' end
            ], null)
        )
        order by groups.id
    ), '[]')
    from aspen.groups as groups
    left join lateral (
        select grants.role, grants.ends_at
        from aspen.group_grants as grants
        where
            grants.group_id = groups.id
            and not groups.id = any(current_setting('aspen.direct_groups')::bigint[])
            and grants.grantee_group_id = any(current_setting('aspen.direct_groups')::bigint[])
            and (grants.ends_at is null or grants.ends_at > now())
        order by
            case grants.role when 'admin' then 1 when 'member' then 2 else 3 end,
            grants.ends_at desc nulls first
        limit 1
    ) as granted on true
    -- Operators see the jobs of group 0, the platform, but hold no role in it.
    where groups.id = any(authz.any_groups()) and groups.id <> 0;
$$;

comment on function authz.caller_groups() is
'The groups the caller may see, with the role and what it allows';

revoke all on function authz.caller_groups() from public;
grant execute on function authz.caller_groups() to member;

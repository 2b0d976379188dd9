-- Inlined, like authz.held_groups. Arrays of sub-selects, because an aggregate costs each request
-- more.
create or replace function authz.granted_groups(direct_groups bigint[])
returns table (any_groups bigint[], full_groups bigint[])
language sql
stable
security invoker
rows 1
begin atomic
    with grants as (
        select
            group_grants.group_id,
            group_grants.role
        from aspen.group_grants as group_grants
        where
            group_grants.grantee_group_id = any(granted_groups.direct_groups)
            and (group_grants.ends_at is null or group_grants.ends_at > now())
    )

    select
        array(select grants.group_id from grants) as any_groups,
        array(
            select grants.group_id from grants
            where grants.role in ('member', 'admin')
        ) as full_groups;
end;

comment on function authz.granted_groups(bigint[]) is
$$The groups that grant access to whoever holds a role in one of these

With any role, and with that of member or admin. For authz.identify_caller and authz.user_access.$$;

revoke all on function authz.granted_groups(bigint[]) from public;
grant execute on function authz.granted_groups(bigint[]) to claims_reader;

-- Inlined, like authz.held_groups.
create or replace function authz.granted_groups(direct_groups bigint[])
returns table (any_groups bigint[], full_groups bigint[])
language sql
stable
security invoker
rows 1
begin atomic
    select
        array(
            select grants.group_id
            from aspen.group_grants as grants
            where
                grants.grantee_group_id = any(granted_groups.direct_groups)
                and (grants.ends_at is null or grants.ends_at > now())
        ) as any_groups,
        array(
            select grants.group_id
            from aspen.group_grants as grants
            where
                grants.grantee_group_id = any(granted_groups.direct_groups)
                and (grants.ends_at is null or grants.ends_at > now())
                and grants.role in ('member', 'admin')
        ) as full_groups;
end;

comment on function authz.granted_groups(bigint[]) is
$$The groups that grant access to whoever holds a role in one of these

With any role, and with that of member or admin. For authz.identify_caller and authz.user_access.$$;

revoke all on function authz.granted_groups(bigint[]) from public;
grant execute on function authz.granted_groups(bigint[]) to claims_reader;

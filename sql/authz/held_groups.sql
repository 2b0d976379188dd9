-- Inlined into authz.identify_caller, which runs in every request: it has no `set` clause and
-- returns a set. Both functions that ask who holds what call it, so that the rule is here only.
create or replace function authz.held_groups(user_id bigint)
returns table (direct_groups bigint[], member_groups bigint[], admin_groups bigint[])
language sql
stable
security invoker
rows 1
begin atomic
    select
        coalesce(array_agg(memberships.group_id), '{}') as direct_groups,
        coalesce(array_agg(memberships.group_id) filter (
            where memberships.role in ('member', 'admin')
        ), '{}') as member_groups,
        coalesce(array_agg(memberships.group_id) filter (
            where memberships.role = 'admin'
        ), '{}') as admin_groups
    from aspen.memberships as memberships
    where memberships.user_id = held_groups.user_id;
end;

comment on function authz.held_groups(bigint) is
$$The groups in which a user holds a role

Any role, member or admin, and admin. For authz.identify_caller and authz.user_access.$$;

revoke all on function authz.held_groups(bigint) from public;
grant execute on function authz.held_groups(bigint) to claims_reader;

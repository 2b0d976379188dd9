-- definer because a caller who sees a tree may not see the group it belongs to.
create or replace function internal.tree_origin(group_id bigint)
returns bigint
language sql
stable
security definer
set search_path = ''
as $$
    select groups.default_tree_location_id
    from aspen.groups as groups
    where
        groups.id = tree_origin.group_id
        and groups.id = any(authz.any_groups());
$$;

comment on function internal.tree_origin(bigint) is
$$The location from which distances on a group's trees are measured

Null if the group has none.$$;

revoke all on function internal.tree_origin(bigint) from public;
grant execute on function internal.tree_origin(bigint) to member, api_writer;

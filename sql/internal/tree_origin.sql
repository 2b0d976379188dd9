-- definer because whoever sees a tree may not see the group it belongs to.
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
'Where distances on a group''s trees are measured from; null for nowhere';

revoke all on function internal.tree_origin(bigint) from public;
grant execute on function internal.tree_origin(bigint) to member;

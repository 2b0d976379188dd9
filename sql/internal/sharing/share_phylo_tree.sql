-- definer because nobody who calls may write links; row-level security applies to api_writer as
-- well.
create or replace function internal.share_phylo_tree(phylo_tree_id bigint, hours integer)
returns table (
    id bigint,
    kind text,
    token text,
    path text,
    url text,
    expires_at timestamptz
)
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    owner_id bigint;
begin
    select trees.group_id into owner_id
    from aspen.phylo_trees as trees
    where trees.id = share_phylo_tree.phylo_tree_id;
    if owner_id is null then
        perform internal.fail(404, 'tree_not_found', 'There is no such tree, or you may not see it',
            json_build_object('id', share_phylo_tree.phylo_tree_id)::text);
    end if;
    perform authz.require_member(owner_id, 'You cannot share trees of this group', 'full');
    perform internal.check_hours(share_phylo_tree.hours, 2160);
    return query
    select links.*
    from internal.make_link(
        owner_id, share_phylo_tree.phylo_tree_id, null, false,
        share_phylo_tree.hours
    ) as links;
end
$$;

comment on function internal.share_phylo_tree(bigint, integer) is
'Make a link to a tree for api.share_phylo_tree, as api_writer';

revoke all on function internal.share_phylo_tree(bigint, integer) from public;
grant execute on function internal.share_phylo_tree(bigint, integer) to member;

-- NOTE: no write is granted: job outputs are registered by the control plane.

grant select on aspen.phylo_tree_tips to member, api_writer;

create policy phylo_tree_tips_select_group on aspen.phylo_tree_tips
for select to member, api_writer
using (group_id = any(authz.any_groups()));

comment on policy phylo_tree_tips_select_group on aspen.phylo_tree_tips is
'Tips of trees of the groups the caller sees';

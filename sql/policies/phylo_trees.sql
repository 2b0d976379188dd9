-- NOTE: no write is granted: job outputs are registered by the control plane.

grant select on aspen.phylo_trees to member, api_writer;

create policy phylo_trees_select_group on aspen.phylo_trees
for select to member, api_writer
using (group_id = any(authz.any_groups()));

comment on policy phylo_trees_select_group on aspen.phylo_trees is
'Trees of the groups the caller sees';

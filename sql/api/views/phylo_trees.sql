create or replace view api.phylo_trees
with (security_invoker = true)
as
select
    phylo_trees.id,
    phylo_trees.group_id,
    phylo_trees.job_id,
    jobs.pathogen_id,
    jobs.name,
    jobs.tree_type,
    phylo_trees.resolved_template_args,
    phylo_trees.tip_count,
    phylo_trees.created_at,
    phylo_trees.updated_at
from aspen.phylo_trees as phylo_trees
inner join aspen.jobs as jobs
    on phylo_trees.group_id = jobs.group_id and phylo_trees.job_id = jobs.id;

comment on view api.phylo_trees is $$Phylogenetic trees

Everyone who sees the group sees its trees. Fetch one as an Auspice document with phylo_tree, or its file
with output_url. The control plane registers the tree of a run that succeeded; it has the name of the run
and is deleted with it (phylo_runs).$$;

comment on column api.phylo_trees.id is 'Identifier of the row';
comment on column api.phylo_trees.group_id is 'Group that owns the row; see groups in me';
comment on column api.phylo_trees.job_id is 'Run that made the tree; see phylo_runs';
comment on column api.phylo_trees.pathogen_id is 'Pathogen; see pathogens';
comment on column api.phylo_trees.name is 'Name of the run';
comment on column api.phylo_trees.tree_type is 'OVERVIEW, TARGETED or NON_CONTEXTUALIZED';
comment on column api.phylo_trees.resolved_template_args is
'Filters that the run used; null if it did not report them';
comment on column api.phylo_trees.tip_count is 'Number of tips';
comment on column api.phylo_trees.created_at is 'When the tree was first registered';
comment on column api.phylo_trees.updated_at is 'When the tree was last registered';

grant select on api.phylo_trees to member;

-- Never fires, because nobody may write. It makes PostgreSQL check the privileges before it notices
-- that a join is not updatable, so that the client receives 403 instead of 500.
create or replace trigger phylo_trees_refuse_change
instead of insert or update or delete on api.phylo_trees
for each row
execute function internal.refuse_change();

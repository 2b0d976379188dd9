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

Fetch the Auspice document with phylo_tree.$$;

comment on column api.phylo_trees.id is 'Key';
comment on column api.phylo_trees.group_id is 'The group that owns the row; one of the groups of me';
comment on column api.phylo_trees.job_id is 'The run that made it';
comment on column api.phylo_trees.pathogen_id is 'The pathogen; see pathogens';
comment on column api.phylo_trees.name is 'Name of the run';
comment on column api.phylo_trees.tree_type is 'OVERVIEW, TARGETED or NON_CONTEXTUALIZED';
comment on column api.phylo_trees.resolved_template_args is
'Filters as the run resolved them; null if not reported';
comment on column api.phylo_trees.tip_count is 'Number of tips';
comment on column api.phylo_trees.created_at is 'When it was registered';
comment on column api.phylo_trees.updated_at is 'When it was last registered';

grant select on api.phylo_trees to member;

-- Never fires, because nobody may write. It makes PostgreSQL look at the privileges before it finds
-- that a join cannot be written to, so that a client reads 403 and not 500.
create or replace trigger phylo_trees_refuse_change
instead of insert or update or delete on api.phylo_trees
for each row
execute function internal.refuse_change();

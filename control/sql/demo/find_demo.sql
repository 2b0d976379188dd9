-- Find the demo's tree, if the lineages and QC of its samples and a context for runs are registered
-- as well.
select
    (
        select count(*)
        from aspen.samples as samples
        inner join
            unnest(%(private_identifiers)s::text[], %(strains)s::text[])
                as made (private_identifier, strain)
            on
                samples.private_identifier = made.private_identifier
                and samples.public_identifier = made.strain
        where samples.group_id = groups.id
    ) as samples,
    trees.id as tree_id
from aspen.groups as groups
inner join aspen.jobs as runs
    on groups.id = runs.group_id and runs.name = %(run_name)s
inner join aspen.users as users
    on runs.requested_by_id = users.id and users.subject = %(subject)s
inner join aspen.phylo_trees as trees
    on runs.group_id = trees.group_id and runs.id = trees.job_id
where
    groups.prefix = %(prefix)s and groups.name = %(group)s
    and (
        select count(distinct jobs.kind)
        from aspen.jobs as jobs
        where jobs.group_id = groups.id and jobs.status = 'succeeded'
    ) = 3
    and exists (
        select from aspen.repository_data as data_sets
        where data_sets.pathogen_id = runs.pathogen_id and data_sets.stage = 'aligned'
    )
order by trees.id
limit 1;

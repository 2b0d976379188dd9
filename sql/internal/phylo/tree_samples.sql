-- What a run was given is for members and admins of its group (policies/job_samples.sql), so that
-- is_selected is null for others.
create or replace function internal.tree_samples(id bigint, id_style text)
returns table (place integer, name text, is_selected boolean, accession text)
language sql
stable
security invoker
rows 1000
begin atomic
    with tree as materialized (
        select
            trees.group_id,
            trees.job_id,
            jobs.pathogen_id,
            trees.group_id = any(authz.full_groups()) as has_known_inputs,
            internal.prefix_pattern(jobs.pathogen_id) as prefix_pattern
        from aspen.phylo_trees as trees
        inner join aspen.jobs as jobs
            on trees.group_id = jobs.group_id and trees.job_id = jobs.id
        where trees.id = tree_samples.id
    ),

    input_samples as materialized (
        select distinct
            inputs.sample_group_id,
            inputs.sample_id
        from tree
        inner join aspen.job_samples as inputs
            on tree.group_id = inputs.group_id and tree.job_id = inputs.job_id
        where inputs.sample_id is not null
    ),

    -- Published sequences, and samples that were deleted since.
    input_names as materialized (
        select lower(internal.without_prefix(strains.strain, tree.prefix_pattern)) as name
        from tree
        inner join aspen.job_public_sequences as strains
            on tree.group_id = strains.group_id and tree.job_id = strains.job_id
        union
        select lower(internal.without_prefix(inputs.public_identifier, tree.prefix_pattern))
        from tree
        inner join aspen.job_samples as inputs
            on tree.group_id = inputs.group_id and tree.job_id = inputs.job_id
        where inputs.sample_id is null
    ),

    -- A tool that allows no slash in a name writes each as _.
    input_spellings as materialized (
        select input_names.name from input_names
        union
        select replace(input_names.name, '/', '_') from input_names
    )

    select
        tips.position as place,
        coalesce(
            (
                select samples.private_identifier
                from aspen.samples as samples
                where
                    tree_samples.id_style = 'private'
                    and tips.sample_group_id = any((select authz.full_groups())::bigint[])
                    and samples.group_id = tips.sample_group_id
                    and samples.id = tips.sample_id
            ),
            tips.name
        ) as name,
        case
            when tree.has_known_inputs
                then
                    input_samples.sample_id is not null
                    or tips.sample_id is null and input_spellings.name is not null
        end as is_selected,
        tips.accession
    from tree
    inner join aspen.phylo_tree_tips as tips
        on tree.group_id = tips.group_id and tips.phylo_tree_id = tree_samples.id
    left join input_samples
        on
            tips.sample_group_id = input_samples.sample_group_id
            and tips.sample_id = input_samples.sample_id
    left join input_spellings on lower(tips.name) = input_spellings.name
    order by tips.position;
end;

comment on function internal.tree_samples(bigint, text) is $$The tips of a tree in its order

Inner nodes that are samples included. name: as in api.phylo_tree. is_selected: whether the run was
asked for it; null where the caller may not know.$$;

revoke all on function internal.tree_samples(bigint, text) from public;
grant execute on function internal.tree_samples(bigint, text) to member;

-- definer because members have no insert privilege on jobs; row-level security holds for api_writer
-- too, so an identifier finds what the caller may see and nothing else.
create or replace function internal.create_phylo_run(
    group_id bigint,
    pathogen text,
    name text,
    samples text[],
    tree_type text,
    template_args jsonb
)
returns setof api.phylo_runs
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    pathogen_row aspen.pathogens;
    problems json;
    unknown_samples json;
    ambiguous_samples json;
    bare_samples json;
    run_id bigint;
    background_count bigint;
begin
    perform authz.require_member(
        create_phylo_run.group_id, 'You cannot create runs in this group');
    pathogen_row := internal.pathogen_of(create_phylo_run.pathogen);
    create_phylo_run.template_args := internal.usual_template_args(create_phylo_run.template_args);
    -- Every run aligns to the reference of a Nextclade dataset.
    if pathogen_row.nextclade_dataset_name is null then
        perform internal.fail(400, 'pathogen_without_runs', 'There is no pipeline for this pathogen',
            json_build_object('pathogen', pathogen_row.slug)::text,
            'Runs are for pathogens with a nextclade_dataset_name.');
    end if;

    select json_agg(json_build_object('field', left(found.field, 200), 'value',
        left(found.value, 200), 'reason', found.reason))
    into problems
    from (
        select 'name' as field, create_phylo_run.name as value, case
            when create_phylo_run.name is null then 'is required'
            else internal.name_problem(create_phylo_run.name)
        end as reason
        union all
        select 'tree_type', create_phylo_run.tree_type, case
            when coalesce(create_phylo_run.tree_type, '') not in ('OVERVIEW', 'TARGETED',
                'NON_CONTEXTUALIZED')
                then 'must be OVERVIEW, TARGETED or NON_CONTEXTUALIZED'
        end
        union all
        select 'samples', null, case
            when create_phylo_run.samples is null
                or array_ndims(create_phylo_run.samples) > 1
                or array_position(create_phylo_run.samples, null) is not null
                then 'must be an array of identifiers without null'
            when cardinality(create_phylo_run.samples) > 20000
                then 'must be at most 20,000 identifiers'
        end
        union all
        select checks.field, checks.value, checks.reason
        from internal.template_args_problems(create_phylo_run.template_args) as checks
    ) as found
    where found.reason is not null;
    if problems is not null then
        perform internal.fail(400, 'invalid_run', 'The run is invalid',
            internal.first_of_many(problems));
    end if;

    run_id := internal.queue_job(
        create_phylo_run.group_id, pathogen_row.id, 'phylo_run',
        authz.caller_id(), create_phylo_run.name,
        create_phylo_run.tree_type, create_phylo_run.template_args,
        pathogen_row.contextual_repository_id
    );

    with matched as materialized (
        select matches.*
        from internal.match_identifiers(
            create_phylo_run.group_id, pathogen_row.id, create_phylo_run.samples,
            authz.any_groups(), authz.full_groups(), authz.full_groups()
        ) as matches
    ),

    strains as materialized (
        select matches.*
        from internal.match_strains(pathogen_row.id, create_phylo_run.samples) as matches
    ),

    revisions as materialized (
        select revisions.sample_id, revisions.revision
        from internal.sequence_revisions(array(select matched.sample_id from matched)) as revisions
    ),

    recorded_samples as (
        insert into aspen.job_samples (group_id, job_id, sample_group_id, sample_id,
            public_identifier, sequence_revision)
        select distinct
            create_phylo_run.group_id, run_id, matched.sample_group_id, matched.sample_id,
            matched.public_identifier, revisions.revision
        from matched
        inner join revisions on matched.sample_id = revisions.sample_id
    ),

    recorded_strains as (
        insert into aspen.job_public_sequences (group_id, job_id, public_repository_id, strain)
        select distinct create_phylo_run.group_id, run_id, strains.public_repository_id,
            strains.strain
        from strains
    ),

    unknown as (
        select given.identifier from unnest(create_phylo_run.samples) as given(identifier)
        except
        (select matched.identifier from matched union all select strains.identifier from strains)
    ),

    ambiguous as (
        select
            matched.identifier,
            json_agg(
                json_build_object(
                    'group_id', matched.sample_group_id,
                    'sample_id', matched.sample_id,
                    'public_identifier', matched.public_identifier
                )
                order by matched.sample_group_id, matched.sample_id
            ) as candidates
        from matched
        group by matched.identifier
        having count(*) > 1
    )

    select
        (
            select json_agg(left(unknown.identifier, 200) order by unknown.identifier)
            from unknown
        ),
        (
            select
                json_agg(
                    json_build_object('identifier', left(ambiguous.identifier, 200),
                        'candidates', ambiguous.candidates)
                    order by ambiguous.identifier
                )
            from ambiguous
        ),
        (
            select json_agg(left(bare.identifier, 200) order by bare.identifier)
            from (
                select matched.identifier
                from matched
                left join revisions on matched.sample_id = revisions.sample_id
                where revisions.sample_id is null
            ) as bare
        )
    into unknown_samples, ambiguous_samples, bare_samples;
    if unknown_samples is not null then
        perform internal.fail(400, 'unknown_samples', 'Some samples are not known',
            internal.first_of_many(unknown_samples),
            'Use identifiers of samples you may see, or strain names and accessions of the pathogen''s repository.');
    end if;
    if ambiguous_samples is not null then
        perform internal.fail(400, 'ambiguous_samples', 'Some identifiers stand for several samples',
            internal.first_of_many(ambiguous_samples),
            'Name each by an identifier that no other sample has.');
    end if;
    if bare_samples is not null then
        perform internal.fail(400, 'samples_without_sequence', 'Some samples have no sequence',
            internal.first_of_many(bare_samples),
            'Upload their sequences first, or leave them out.');
    end if;
    -- A statement of its own, because the planner leaves out half of a condition that the other
    -- half decides. A run without chosen samples is made from the others of the group.
    background_count := internal.record_background(run_id);
    if background_count = 0 and cardinality(create_phylo_run.samples) = 0 then
        perform internal.fail(400, 'samples_without_sequence',
            'No sample of the group and pathogen has a sequence and matches the filters',
            json_build_object('group_id', create_phylo_run.group_id)::text,
            'Upload sequences first, or choose wider filters.');
    end if;
    return query select phylo_runs.* from api.phylo_runs as phylo_runs where phylo_runs.id = run_id;
end
$$;

comment on function internal.create_phylo_run(bigint, text, text, text[], text, jsonb) is
'Queue a phylogenetic run for api.create_phylo_run, as api_writer';

revoke all on function internal.create_phylo_run(
    bigint, text, text, text[], text,
    jsonb
) from public;
grant execute on function internal.create_phylo_run(
    bigint, text, text, text[], text,
    jsonb
) to member;

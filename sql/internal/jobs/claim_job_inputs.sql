-- definer because a job may read no table; row-level security shows job_runner the inputs of the
-- calling job. A sample that was deleted is left out.
create or replace function internal.claim_job_inputs()
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    inputs json;
begin
    perform internal.note_heartbeat();
    select json_build_object(
        'job_id', jobs.id,
        'attempt', jobs.attempt,
        'kind', jobs.kind,
        'output_prefix', format('jobs/%s/%s/', jobs.id, jobs.attempt),
        'pathogen', json_build_object(
            'slug', pathogens.slug,
            'name', pathogens.name,
            'organism', pathogens.organism,
            'lineage_caller', pathogens.lineage_caller,
            'nextclade_dataset_name', pathogens.nextclade_dataset_name
        ),
        'group', json_build_object(
            'id', groups.id,
            'name', groups.name,
            'division', groups.division,
            'location', groups.location
        ),
        'name', jobs.name,
        'tree_type', jobs.tree_type,
        'template_args', jobs.template_args,
        'resolved_template_args', backgrounds.resolved_template_args,
        'samples_left_out', backgrounds.left_out_count,
        'data_set', case
            when data_sets.id is not null
                then json_build_object(
                    'id', data_sets.id,
                    'repository', repositories.name,
                    'created_at', data_sets.created_at,
                    'sequences_url', internal.presigned_url(
                        data_sets.bucket, data_sets.sequences_key, null, 3600
                    ),
                    'metadata_url', internal.presigned_url(
                        data_sets.bucket, data_sets.metadata_key, null, 3600
                    )
                )
        end,
        'contextual_repository', repositories.name,
        'repository', (
            select published.name
            from aspen.public_repositories as published
            where published.id = jobs.public_repository_id
        ),
        -- An address in the storage becomes a link: the program has no keys of its own.
        'arguments', (
            select
                json_object_agg(given.name, case
                    when given.value ~ '^s3://[^/]+/.'
                        then to_json(internal.presigned_url(
                            split_part(given.value, '/', 3),
                            regexp_replace(given.value, '^s3://[^/]+/', ''), null, 3600
                        ))
                    else to_json(jobs.arguments -> given.name)
                end)
            from jsonb_each_text(jobs.arguments) as given (name, value)
            where jobs.is_platform
        ),
        'samples', (
            select
                coalesce(
                    json_agg(
                        json_build_object(
                            'id', samples.id,
                            'is_chosen', inputs.is_chosen,
                            'public_identifier', samples.public_identifier,
                            'collection_date', samples.collection_date,
                            'region', locations.region,
                            'country', locations.country,
                            'division', locations.division,
                            'location', locations.location,
                            'host', samples.host,
                            'lineage', lineages.lineage,
                            'sequencing_date', sequences.sequencing_date,
                            'bases', octet_length(sequences.sequence)
                        )
                        order by samples.id
                    ),
                    '[]'
                )
            from authz.job_inputs() as inputs
            inner join aspen.samples as samples
                on inputs.sample_group_id = samples.group_id and inputs.sample_id = samples.id
            inner join aspen.locations as locations
                on samples.location_id = locations.id
            left join aspen.sequences as sequences
                on
                    samples.group_id = sequences.group_id
                    and samples.id = sequences.sample_id
                    and coalesce(inputs.sequence_revision, sequences.revision) = sequences.revision
            left join aspen.sample_lineages as lineages
                on
                    samples.group_id = lineages.group_id
                    and samples.id = lineages.sample_id
                    and pathogens.lineage_caller = lineages.lineage_type
        ),
        'public_sequences', (
            select
                coalesce(
                    json_agg(
                        json_build_object('strain', strains.strain, 'repository', origins.name)
                        order by strains.id
                    ),
                    '[]'
                )
            from aspen.job_public_sequences as strains
            inner join aspen.public_repositories as origins
                on strains.public_repository_id = origins.id
            where strains.group_id = jobs.group_id and strains.job_id = jobs.id
        )
    )
    into inputs
    from aspen.jobs as jobs
    left join aspen.pathogens as pathogens
        on jobs.pathogen_id = pathogens.id
    inner join aspen.groups as groups
        on jobs.group_id = groups.id
    left join aspen.public_repositories as repositories
        on jobs.contextual_repository_id = repositories.id
    left join aspen.job_backgrounds as backgrounds
        on jobs.group_id = backgrounds.group_id and jobs.id = backgrounds.job_id
    left join aspen.repository_data as data_sets
        on
            data_sets.id = coalesce(
                backgrounds.repository_data_id,
                case when jobs.is_platform then (jobs.arguments ->> 'data_set_id')::bigint end
            )
    where jobs.group_id = authz.job_group_id() and jobs.id = authz.job_id();
    return inputs;
end
$$;

comment on function internal.claim_job_inputs() is
'What the calling job runs on, for api.claim_job_inputs, as job_runner';

revoke all on function internal.claim_job_inputs() from public;
grant execute on function internal.claim_job_inputs() to job;

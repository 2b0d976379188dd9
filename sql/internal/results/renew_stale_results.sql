-- A sample waits in one open job of each kind, so a second call queues nothing more; the lock
-- makes two calls at once two calls in a row.
create or replace function internal.renew_stale_results(
    kind text,
    group_id bigint default null,
    pathogen_id bigint default null,
    sample_ids bigint[] default null,
    software_version text default null,
    dataset_tag text default null,
    is_forced boolean default false,
    job_size integer default 1000
)
returns table (job_id bigint, owner_id bigint, slug text, sample_count bigint)
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('internal.renew_stale_results', 0));
    return query
    with pathogens as materialized (
        select pathogens.id, pathogens.slug
        from aspen.pathogens as pathogens
        inner join aspen.job_kinds as kinds
            on
                kinds.name = renew_stale_results.kind
                and kinds.is_queued_for_sequences
                and (not kinds.is_dataset_needed or pathogens.nextclade_dataset_name is not null)
                and (kinds.lineage_caller is null
                    or kinds.lineage_caller = pathogens.lineage_caller)
        where
            renew_stale_results.pathogen_id is null
            or pathogens.id = renew_stale_results.pathogen_id
    ),

    results as materialized (
        select
            lineages.group_id,
            lineages.sample_id,
            lineages.lineage_software_version as version,
            null as tag,
            false as is_with_tag
        from aspen.sample_lineages as lineages
        where renew_stale_results.kind = 'pangolin' and lineages.lineage_type = 'PANGOLIN'
        union all
        select
            metrics.group_id,
            metrics.sample_id,
            metrics.qc_software_version,
            datasets.tag,
            true
        from aspen.sample_qc_metrics as metrics
        left join aspen.reference_datasets as datasets
            on metrics.reference_dataset_id = datasets.id
        where renew_stale_results.kind = 'nextclade'
    ),

    known as materialized (
        select
            samples.pathogen_id,
            max(internal.version_numbers(results.version)) as version,
            max(results.tag collate "C") as tag
        from results
        inner join aspen.samples as samples
            on results.group_id = samples.group_id and results.sample_id = samples.id
        group by samples.pathogen_id
    ),

    present as materialized (
        select
            pathogens.id,
            pathogens.slug,
            coalesce(
                nullif(internal.version_numbers(renew_stale_results.software_version), '{}'),
                known.version
            ) as version,
            coalesce(renew_stale_results.dataset_tag, known.tag) collate "C" as tag
        from pathogens
        left join known
            on pathogens.id = known.pathogen_id
    ),

    stale as materialized (
        select
            samples.group_id,
            samples.id,
            samples.pathogen_id,
            samples.public_identifier,
            sequences.revision,
            (
                row_number() over (
                    partition by samples.group_id, samples.pathogen_id order by samples.id
                ) - 1
            ) / renew_stale_results.job_size as piece
        from aspen.samples as samples
        inner join present
            on samples.pathogen_id = present.id
        inner join aspen.sequences as sequences
            on samples.group_id = sequences.group_id and samples.id = sequences.sample_id
        left join results
            on samples.group_id = results.group_id and samples.id = results.sample_id
        where
            (renew_stale_results.group_id is null
                or samples.group_id = renew_stale_results.group_id)
            and (renew_stale_results.sample_ids is null
                or samples.id = any(renew_stale_results.sample_ids))
            and (
                renew_stale_results.is_forced
                or results.sample_id is null
                or internal.version_numbers(results.version) < present.version
                or results.is_with_tag
                and coalesce(results.tag collate "C" < present.tag, results.tag is null)
            )
            and not exists (
                select
                from aspen.job_samples as inputs
                inner join aspen.jobs as jobs
                    on inputs.group_id = jobs.group_id and inputs.job_id = jobs.id
                where
                    inputs.sample_group_id = samples.group_id
                    and inputs.sample_id = samples.id
                    and inputs.sequence_revision = sequences.revision
                    and jobs.kind = renew_stale_results.kind
                    and jobs.status in ('queued', 'running')
            )
    ),

    queued as materialized (
        select
            pieces.*,
            internal.queue_job(
                pieces.group_id, pieces.pathogen_id, renew_stale_results.kind
            ) as id
        from (
            select stale.group_id, stale.pathogen_id, stale.piece, count(*) as sample_count
            from stale
            group by stale.group_id, stale.pathogen_id, stale.piece
            order by stale.group_id, stale.pathogen_id, stale.piece
            offset 0
        ) as pieces
    ),

    given as (
        insert into aspen.job_samples (
            group_id, job_id, sample_group_id, sample_id, public_identifier, sequence_revision
        )
        select
            stale.group_id,
            queued.id,
            stale.group_id,
            stale.id,
            stale.public_identifier,
            stale.revision
        from stale
        inner join queued
            on
                stale.group_id = queued.group_id
                and stale.pathogen_id = queued.pathogen_id
                and stale.piece = queued.piece
    )

    select queued.id, queued.group_id::bigint, present.slug::text, queued.sample_count
    from queued
    inner join present
        on queued.pathogen_id = present.id
    order by queued.id;
end
$$;

comment on function internal.renew_stale_results(
    text, bigint, bigint, bigint[], text, text, boolean, integer
) is $$Queue jobs for samples whose results are missing or stale

Returns the jobs. A result is stale if it is of an older version of the software, or of an older dataset: older than
software_version and dataset_tag or, where these are null, than the newest that any result of the
pathogen has. is_forced takes every sample with a sequence. Samples in an open job of the kind, for
the sequence they have, are left out. A job gets at most job_size samples of one group and pathogen.
For the control plane.$$;

revoke all on function internal.renew_stale_results(
    text, bigint, bigint, bigint[], text, text, boolean, integer
) from public;

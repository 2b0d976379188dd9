-- Results belong to one sequence. Results of a replaced sequence are removed, not marked, so that
-- nobody takes them for current; the files they came from stay outputs of their job.
-- A sample waits in one job of each kind: if it is in a queued job that nobody is taking, that job
-- will use the new sequence; otherwise it joins the job that this transaction queued for group and
-- pathogen, so that an import of many batches queues one; otherwise a new job is queued.
-- Nothing waits here: a job that another transaction holds (takes, registers or cancels) is
-- skipped.
-- Samples are looked up by their keys, never joined: a group has thousands of them before their
-- statistics exist, and every batch of an import would read the whole table.
create or replace function internal.renew_results(sample_ids bigint[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
set enable_seqscan = 'off'
as $$
#variable_conflict use_column
declare
    requester_id bigint := authz.caller_id();
    own_job_ids bigint[]
        := string_to_array(nullif(current_setting('aspen.queued_jobs', true), ''), ',')::bigint[];
    waiting_ids bigint[];
    kept_group_ids bigint[];
    kept_sample_ids bigint[];
    pathogen_ids bigint[];
    names text[];
    revisions bigint[];
begin
    select
        array_agg(sample.group_id),
        array_agg(sample.id),
        array_agg(sample.pathogen_id),
        array_agg(sample.public_identifier),
        array_agg((
            select sequences.revision
            from aspen.sequences as sequences
            where sequences.group_id = sample.group_id and sequences.sample_id = sample.id
        ))
    into kept_group_ids, kept_sample_ids, pathogen_ids, names, revisions
    from unnest(renew_results.sample_ids) as changed(sample_id)
    cross join lateral (
        select samples.group_id, samples.id, samples.pathogen_id, samples.public_identifier
        from aspen.samples as samples
        where samples.id = changed.sample_id
        offset 0
    ) as sample;
    if kept_sample_ids is null then
        return;
    end if;

    perform internal.remove_results(kept_group_ids, kept_sample_ids);

    waiting_ids := array(
        select jobs.id
        from aspen.jobs as jobs
        where
            jobs.id = any(array(
                select distinct found.job_id
                from unnest(kept_group_ids, kept_sample_ids) as changed(group_id, sample_id)
                cross join lateral (
                    select inputs.job_id
                    from aspen.job_samples as inputs
                    where
                        inputs.sample_group_id = changed.group_id
                        and inputs.sample_id = changed.sample_id
                    offset 0
                ) as found
            ))
            and jobs.status = 'queued'
            and jobs.kind = any(array(
                select kinds.name from aspen.job_kinds as kinds
                where kinds.is_queued_for_sequences
            ))
        order by jobs.id
        for share skip locked
    );

    update aspen.job_samples as inputs
    set sequence_revision = (
        select sequences.revision
        from aspen.sequences as sequences
        where
            sequences.group_id = inputs.sample_group_id
            and sequences.sample_id = inputs.sample_id
    )
    where inputs.id = any(array(
        select found.id
        from unnest(kept_group_ids, kept_sample_ids, revisions)
            as changed(group_id, sample_id, revision)
        cross join lateral (
            select waiting.id
            from aspen.job_samples as waiting
            where
                waiting.sample_group_id = changed.group_id
                and waiting.sample_id = changed.sample_id
                and waiting.job_id = any(waiting_ids)
                and waiting.sequence_revision is distinct from changed.revision
            offset 0
        ) as found
        where changed.revision is not null and cardinality(waiting_ids) > 0
    ));

    with changed as materialized (
        select changed.*
        from unnest(kept_group_ids, kept_sample_ids, pathogen_ids, names, revisions)
            as changed(group_id, sample_id, pathogen_id, public_identifier, revision)
        where changed.revision is not null
    ),

    kinds as materialized (
        select kinds.name, pathogens.id as pathogen_id
        from (select distinct changed.pathogen_id from changed) as met
        inner join aspen.pathogens as pathogens on met.pathogen_id = pathogens.id
        inner join aspen.job_kinds as kinds
            on
                kinds.is_queued_for_sequences
                and (not kinds.is_dataset_needed or pathogens.nextclade_dataset_name is not null)
                and (kinds.lineage_caller is null
                    or kinds.lineage_caller = pathogens.lineage_caller)
    ),

    wanted as materialized (
        select changed.*, kinds.name as kind
        from changed
        inner join kinds on changed.pathogen_id = kinds.pathogen_id
        where
            -- Usually nothing waits; this is cheaper than the look-up.
            cardinality(waiting_ids) = 0
            or not exists (
                select
                from aspen.job_samples as inputs
                cross join lateral (
                    select jobs.kind, jobs.pathogen_id
                    from aspen.jobs as jobs
                    where jobs.id = inputs.job_id
                    offset 0
                ) as job
                where
                    inputs.sample_group_id = changed.group_id
                    and inputs.sample_id = changed.sample_id
                    and inputs.job_id = any(waiting_ids)
                    and job.kind = kinds.name
                    and job.pathogen_id = changed.pathogen_id
                offset 0
            )
    ),

    own as materialized (
        select jobs.id, jobs.group_id, jobs.pathogen_id, jobs.kind
        from aspen.jobs as jobs
        where
            jobs.id = any(own_job_ids)
            and jobs.status = 'queued'
            and jobs.requested_by_id is not distinct from requester_id
    ),

    missing as materialized (
        select wanted.group_id, wanted.pathogen_id, wanted.kind
        from wanted
        where not exists (
            select from own
            where (own.group_id, own.pathogen_id, own.kind)
                = (wanted.group_id, wanted.pathogen_id, wanted.kind)
        )
        group by wanted.group_id, wanted.pathogen_id, wanted.kind
        order by wanted.group_id, wanted.pathogen_id, wanted.kind
    ),

    queued as materialized (
        select
            internal.queue_job(
                missing.group_id, missing.pathogen_id, missing.kind, requester_id
            ) as id,
            missing.group_id, missing.pathogen_id, missing.kind
        from missing
    ),

    recorded as (
        insert into aspen.job_samples (
            group_id, job_id, sample_group_id, sample_id, public_identifier, sequence_revision
        )
        select
            wanted.group_id, job.id, wanted.group_id, wanted.sample_id, wanted.public_identifier,
            wanted.revision
        from wanted
        inner join (select own.* from own union all select queued.* from queued) as job
            on wanted.group_id = job.group_id
            and wanted.pathogen_id = job.pathogen_id
            and wanted.kind = job.kind
        order by job.id, wanted.sample_id
    )

    select own_job_ids || array_agg(queued.id) into own_job_ids
    from queued;
    perform set_config('aspen.queued_jobs', array_to_string(own_job_ids, ','), true);

    perform internal.cancel_jobs_without_input(waiting_ids)
    where exists (
        select
        from unnest(kept_group_ids, kept_sample_ids, pathogen_ids, revisions)
            as changed(group_id, sample_id, pathogen_id, revision)
        cross join lateral (
            select jobs.pathogen_id
            from aspen.job_samples as inputs
            inner join aspen.jobs as jobs on inputs.job_id = jobs.id
            where
                inputs.sample_group_id = changed.group_id
                and inputs.sample_id = changed.sample_id
                and inputs.job_id = any(waiting_ids)
            offset 0
        ) as waiting
        where
            cardinality(waiting_ids) > 0
            and (changed.revision is null or changed.pathogen_id <> waiting.pathogen_id)
    );
end
$$;

comment on function internal.renew_results(bigint[]) is
$$Remove results of samples whose sequence changed and queue the jobs

For a sample without a sequence nothing is queued, and a queued job that has no other sample is
cancelled.$$;

revoke all on function internal.renew_results(bigint[]) from public;
grant execute on function internal.renew_results(bigint[]) to results_keeper;

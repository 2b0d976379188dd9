-- Transactions that delete inputs of the same job at the same time wait for one another, so that
-- the last one sees that nothing is left. A job that another transaction is starting or registering
-- is skipped. Each look-up ends at the first input that is left.
create or replace function internal.cancel_jobs_without_input(job_ids bigint[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
set enable_seqscan = 'off'
as $$
declare
    held_ids bigint[];
begin
    perform pg_advisory_xact_lock(hashtextextended('aspen.jobs', wanted.id))
    from (
        select distinct wanted.id
        from unnest(cancel_jobs_without_input.job_ids) as wanted(id)
        order by wanted.id
    ) as wanted;
    held_ids := array(
        select jobs.id
        from aspen.jobs as jobs
        where jobs.id = any(cancel_jobs_without_input.job_ids) and jobs.status = 'queued'
        order by jobs.id
        for no key update skip locked
    );
    perform internal.cancel_jobs(
        array(
            select jobs.id
            from aspen.jobs as jobs
            where
                jobs.id = any(held_ids)
                and not exists (
                    select from aspen.job_public_sequences as strains
                    where strains.group_id = jobs.group_id and strains.job_id = jobs.id
                    offset 0
                )
                and not exists (
                    select
                    from aspen.job_samples as inputs
                    cross join lateral (
                        select samples.pathogen_id
                        from aspen.samples as samples
                        where samples.id = inputs.sample_id
                        offset 0
                    ) as sample
                    where
                        inputs.group_id = jobs.group_id
                        and inputs.job_id = jobs.id
                        and inputs.sample_id is not null
                        and (
                            not exists (
                                select from aspen.job_kinds as kinds
                                where kinds.name = jobs.kind and kinds.is_queued_for_sequences
                            )
                            -- It was queued for a sample without a sequence on purpose.
                            or inputs.sequence_revision is null
                            or sample.pathogen_id = jobs.pathogen_id
                            and exists (
                                select from aspen.sequences as sequences
                                where
                                    sequences.group_id = inputs.sample_group_id
                                    and sequences.sample_id = inputs.sample_id
                                offset 0
                            )
                        )
                    offset 0
                )
        ),
        'its samples were deleted, or have no sequence any more, before it began'
    );
end
$$;

comment on function internal.cancel_jobs_without_input(bigint[]) is
'Cancel those of these queued jobs that have no usable sample left';

revoke all on function internal.cancel_jobs_without_input(bigint[]) from public;
grant execute on function internal.cancel_jobs_without_input(bigint[]) to results_keeper;

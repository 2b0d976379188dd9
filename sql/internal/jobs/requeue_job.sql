-- The revisions are those of now: results for a sequence that was replaced would be skipped.
-- definer because nobody else may write the revisions; who may retry a job is decided before.
create or replace function internal.requeue_job(job_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    update aspen.jobs as jobs
    set
        status = 'queued',
        attempt = jobs.attempt + 1,
        executor = null,
        executor_handle = null,
        software_versions = '{}',
        error = null,
        started_at = null,
        heartbeat_at = null,
        finished_at = null
    where
        jobs.id = requeue_job.job_id
        and jobs.status = any(internal.job_statuses_before('retry'));
    if not found then
        return false;
    end if;
    update aspen.job_samples as inputs
    set sequence_revision = present.revision
    from internal.sequence_revisions(array(
        select wanted.sample_id
        from aspen.job_samples as wanted
        where wanted.job_id = requeue_job.job_id and wanted.sample_id is not null
    )) as present
    where
        inputs.job_id = requeue_job.job_id
        and inputs.sample_id = present.sample_id
        and inputs.sequence_revision is distinct from present.revision;
    perform internal.cancel_jobs_without_input(array[requeue_job.job_id])
    where exists (
        select
        from aspen.jobs as jobs
        inner join aspen.job_kinds as kinds on jobs.kind = kinds.name
        where jobs.id = requeue_job.job_id and kinds.is_queued_for_sequences
    );
    return true;
end
$$;

comment on function internal.requeue_job(bigint) is $$Queues an ended job again, as its next attempt

False if its status does not allow it. A job whose samples were all deleted is cancelled at once.$$;

revoke all on function internal.requeue_job(bigint) from public;
grant execute on function internal.requeue_job(bigint) to api_writer, control;

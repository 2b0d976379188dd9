-- The revisions are those of now: results for a sequence that was replaced would be skipped.
-- definer because nobody else may write the revisions; who may retry a job is decided before.
create or replace function internal.requeue_job(
    job_id bigint,
    action text default 'retry',
    reason text default null,
    due_at timestamptz default null
)
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
        error = requeue_job.reason,
        turn = internal.next_turn(jobs.group_id),
        due_at = requeue_job.due_at,
        worker = null,
        deadline_at = null,
        first_attempt = case requeue_job.action
            when 'retry' then jobs.attempt + 1
            when 'hand_back' then jobs.first_attempt + 1
            else jobs.first_attempt
        end,
        started_at = null,
        heartbeat_at = null,
        finished_at = null
    where
        jobs.id = requeue_job.job_id
        and jobs.status = any(internal.job_statuses_before(requeue_job.action));
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

comment on function internal.requeue_job(bigint, text, text, timestamptz) is $$Queue a job again, as its next attempt

action: retry a job that has ended, after which its attempts are counted again; return or hand_back
one that runs. reason: why the attempt before ended. due_at: when the next may start; null for now.
False if its status does not allow it. A job whose samples were all deleted is cancelled at once.$$;

revoke all on function internal.requeue_job(bigint, text, text, timestamptz) from public;
grant execute on function internal.requeue_job(bigint, text, text, timestamptz)
to api_writer, control;

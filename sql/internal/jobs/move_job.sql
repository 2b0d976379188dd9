create or replace function internal.move_job(
    job_id bigint,
    action text,
    error text default null,
    software_versions jsonb default null,
    attempt integer default null
)
returns text
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    present_status text;
    present_attempt integer;
    next_status text;
    is_end boolean;
    moment timestamptz;
begin
    select jobs.status, jobs.attempt into present_status, present_attempt
    from aspen.jobs as jobs
    where jobs.id = move_job.job_id
    for no key update;
    if present_status is null then
        perform internal.fail(404, 'job_not_found', 'There is no such job',
            json_build_object('job_id', move_job.job_id)::text,
            'Look it up in jobs.');
    end if;
    if move_job.attempt <> present_attempt then
        perform internal.fail(409, 'job_has_ended', 'An attempt that has ended stays as it is',
            json_build_object('job_id', move_job.job_id, 'attempt', move_job.attempt,
                'action', move_job.action)::text,
            'Nothing is left to do.');
    end if;
    select transitions.to_status into next_status
    from internal.job_transitions() as transitions
    where transitions.action = move_job.action and transitions.from_status = present_status;
    if next_status is null then
        if exists (
            select from internal.job_transitions() as transitions
            where transitions.from_status = present_status and transitions.action <> 'retry'
        ) then
            perform internal.fail(409, 'job_in_progress', 'A job of this status cannot do this',
                json_build_object('job_id', move_job.job_id, 'status', present_status,
                    'action', move_job.action)::text,
                'See the states of a job.');
        end if;
        perform internal.fail(409, 'job_has_ended', 'A job that has ended stays as it is',
            json_build_object('job_id', move_job.job_id, 'status', present_status, 'action',
                move_job.action)::text,
            'Nothing is left to do.');
    end if;
    if next_status = 'cancelled' then
        perform internal.cancel_jobs(array[move_job.job_id], move_job.error);
        return next_status;
    end if;
    if next_status = 'queued' then
        perform internal.requeue_job(move_job.job_id, move_job.action, move_job.error);
        return next_status;
    end if;

    is_end := not exists (
        select from internal.job_transitions() as transitions
        where transitions.from_status = next_status and transitions.action <> 'retry'
    );
    -- The clock and not now(): another transaction may have started the job since this one began.
    moment := clock_timestamp();
    update aspen.jobs as jobs
    set
        status = next_status,
        error = move_job.error,
        software_versions = coalesce(move_job.software_versions, jobs.software_versions),
        started_at = coalesce(jobs.started_at, moment),
        due_at = null,
        heartbeat_at = case when is_end then jobs.heartbeat_at else moment end,
        finished_at = case when is_end then greatest(moment, jobs.started_at) end
    where jobs.id = move_job.job_id;
    return next_status;
end
$$;

comment on function internal.move_job(bigint, text, text, jsonb, integer) is $$Take one step with a job and return its new status

action: one of internal.job_transitions(). error: why it failed. software_versions: null leaves them
as they are. attempt: refuse the step if the job is at another one. The row stays locked until the transaction ends. Errors: 404
job_not_found, 409 job_has_ended, 409 job_in_progress.$$;

revoke all on function internal.move_job(bigint, text, text, jsonb, integer) from public;
grant execute on function internal.move_job(bigint, text, text, jsonb, integer) to control;

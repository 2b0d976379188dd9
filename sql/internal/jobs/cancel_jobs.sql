create or replace function internal.cancel_jobs(job_ids bigint[], reason text default null)
returns setof bigint
language sql
volatile
security invoker
set search_path = ''
as $$
    -- The clock and not now(): another transaction may have started the job since this one began.
    update aspen.jobs as jobs
    set
        status = 'cancelled',
        error = cancel_jobs.reason,
        due_at = null,
        finished_at = greatest(clock_timestamp(), jobs.started_at)
    where
        jobs.id = any(cancel_jobs.job_ids)
        and jobs.status = any(internal.job_statuses_before('cancel'))
    returning jobs.id;
$$;

comment on function internal.cancel_jobs(bigint[], text) is $$Cancel the ones of these jobs that have not ended

reason: why, if nobody requested it. Returns the ids of the cancelled jobs.$$;

revoke all on function internal.cancel_jobs(bigint[], text) from public;
grant execute on function internal.cancel_jobs(bigint[], text) to api_writer, results_keeper;

-- The waits grow threefold, from 10 seconds to an hour, so that what is out of order has time to
-- recover.
create or replace function internal.end_attempt(
    job_id bigint,
    attempt integer,
    action text,
    error text,
    is_final boolean default false
)
returns text
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    job aspen.jobs;
    failed integer;
begin
    select jobs.* into job
    from aspen.jobs as jobs
    where jobs.id = end_attempt.job_id
    for no key update;
    if job.status is distinct from 'running' or job.attempt <> end_attempt.attempt then
        return null;
    end if;
    failed := job.attempt - job.first_attempt + 1;
    if end_attempt.is_final or failed >= job.max_attempts then
        return internal.move_job(end_attempt.job_id, end_attempt.action, end_attempt.error);
    end if;
    perform internal.requeue_job(
        end_attempt.job_id,
        'return',
        end_attempt.error,
        clock_timestamp()
        + least(interval '10 seconds' * power(3, least(failed - 1, 10)), interval '1 hour')
    );
    return 'queued';
end
$$;

comment on function internal.end_attempt(bigint, integer, text, text, boolean) is
$$End a running attempt without a result; return the status of the job

action: fail or time_out, if no attempt is left; otherwise the job is queued again and waits longer
after each attempt. error: why. is_final: make no other attempt. Null, and nothing changed, if the job
does not run or is at another attempt: whoever lost an attempt cannot end the next one.$$;

revoke all on function internal.end_attempt(bigint, integer, text, text, boolean) from public;
grant execute on function internal.end_attempt(bigint, integer, text, text, boolean) to control;

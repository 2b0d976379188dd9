create or replace function authz.identify_job(claims jsonb)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    job aspen.jobs;
    is_requester_disabled boolean;
    done text;
begin
    if (claims ->> 'job_id') !~ '^[1-9][0-9]{0,17}$' or claims ->> 'job_id' is null then
        perform internal.fail(401, 'malformed_job_id', 'The token of a job names no job', null,
            'The claim job_id must be the id of the job.');
    end if;
    select jobs.id, jobs.group_id, jobs.status, jobs.attempt, requesters.disabled_at is not null
    into job.id, job.group_id, job.status, job.attempt, is_requester_disabled
    from aspen.jobs as jobs
    left join aspen.users as requesters
        on jobs.requested_by_id = requesters.id
    where jobs.id = (claims ->> 'job_id')::bigint;
    -- A program that lost its worker may still run when the next attempt has begun.
    if job.status is distinct from 'running'
        or claims -> 'attempt' is distinct from to_jsonb(job.attempt)
    then
        perform internal.fail(401, 'job_not_running', 'The job of this token is not running',
            null, 'The claim attempt must be the present attempt of the job.');
    end if;
    if is_requester_disabled then
        perform internal.fail(401, 'user_disabled', 'This user is disabled');
    end if;
    done := authz.set_caller(null, null, job.id, job.group_id);
    done := authz.set_groups('{}', '{}', '{}', '{}', '{}');
end
$$;

comment on function authz.identify_job(jsonb) is $$Which job is asking

Checks the claims of the token of a job and sets its id and its group; it has no other groups. Errors:
401 malformed_job_id, job_not_running, user_disabled.$$;

revoke all on function authz.identify_job(jsonb) from public;
grant execute on function authz.identify_job(jsonb) to claims_reader;

create or replace function api.retry_job(job_id bigint)
returns setof api.jobs
language sql
volatile
security invoker
rows 1
begin atomic
    select internal.retry_job(retry_job.job_id);
end;

comment on function api.retry_job(bigint) is $$Retry a job that failed, timed out or was cancelled

job_id: a job that ended without success, of a group where you are member or admin, directly or by a
grant; see jobs. It is queued again as its next attempt, with the same samples and their present
sequences: its id stays, attempt counts up, error becomes null.
Returns the job. It is cancelled at once if none of its samples is left. Of two requests at the same
time, one is answered job_in_progress. Errors: 403 group_access_denied, 404 job_not_found, 409
job_in_progress, 409 job_has_ended if it succeeded.$$;

revoke all on function api.retry_job(bigint) from public;
grant execute on function api.retry_job(bigint) to member;

create or replace function api.cancel_job(job_id bigint)
returns setof api.jobs
language sql
volatile
security invoker
rows 1
begin atomic
    select internal.cancel_job(cancel_job.job_id);
end;

comment on function api.cancel_job(bigint) is $$Cancel a job

job_id: a queued or running job, including a phylogenetic run, of a group where you are member or
admin, directly or by a grant; see jobs. It ends at once. Outputs that it submits later are not stored; a run can then be
deleted. Returns the job; a cancelled job stays cancelled. Errors: 403 group_access_denied, 404
job_not_found, 409 job_has_ended.$$;

revoke all on function api.cancel_job(bigint) from public;
grant execute on function api.cancel_job(bigint) to member;

create or replace function api.report_job(manifest json default null)
returns json
language sql
volatile
security invoker
begin atomic
    select internal.report_job(report_job.manifest);
end;

comment on function api.report_job(json) is $$Report that a job is alive, or submit its manifest

For the program of a running job, with the token of its present attempt. manifest: what manifest.json
says (docs/manifest.md), at most 1 MiB, with the files written to the bucket before; null (default)
is a heartbeat only. The control plane verifies the files, stores the results and ends the job; a
file that is wrong fails the job with the reason. Handing in the same manifest again changes nothing.
Returns job_id, attempt and is_reported. Errors: 400 invalid_argument, 409 report_exists if the
attempt has submitted another manifest.$$;

revoke all on function api.report_job(json) from public;
grant execute on function api.report_job(json) to job;

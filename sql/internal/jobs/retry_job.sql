-- definer because members may not write the status of a job; row-level security applies to
-- api_writer as well.
create or replace function internal.retry_job(job_id bigint)
returns setof api.jobs
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    present_status text;
begin
    perform internal.require_job(retry_job.job_id, 'You cannot retry jobs of this group');
    if not internal.requeue_job(retry_job.job_id) then
        select jobs.status into present_status
        from aspen.jobs as jobs
        where jobs.id = retry_job.job_id;
        if present_status = 'succeeded' then
            perform internal.fail(409, 'job_has_ended', 'A job that has succeeded is not retried',
                json_build_object('job_id', retry_job.job_id, 'status', present_status)::text,
                'Request a new job.');
        end if;
        perform internal.fail(409, 'job_in_progress', 'A job that has not ended is not retried',
            json_build_object('job_id', retry_job.job_id, 'status', present_status)::text,
            'Cancel it first with cancel_job, or wait for its end.');
    end if;
    return query select jobs.* from api.jobs as jobs where jobs.id = retry_job.job_id;
end
$$;

comment on function internal.retry_job(bigint) is 'Retry a job for api.retry_job, as api_writer';

revoke all on function internal.retry_job(bigint) from public;
grant execute on function internal.retry_job(bigint) to member;

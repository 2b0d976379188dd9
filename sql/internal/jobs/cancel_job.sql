-- definer because members may not write the status of a job; row-level security applies to
-- api_writer as well.
create or replace function internal.cancel_job(job_id bigint)
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
    perform internal.require_job(cancel_job.job_id, 'You cannot cancel jobs of this group');
    perform internal.cancel_jobs(array[cancel_job.job_id]);
    if not found then
        select jobs.status into present_status
        from aspen.jobs as jobs
        where jobs.id = cancel_job.job_id;
        if present_status is distinct from 'cancelled' then
            perform internal.fail(409, 'job_has_ended', 'A job that has ended cannot be cancelled',
                json_build_object('job_id', cancel_job.job_id, 'status', present_status)::text,
                'Nothing is left to stop.');
        end if;
    end if;
    return query select jobs.* from api.jobs as jobs where jobs.id = cancel_job.job_id;
end
$$;

comment on function internal.cancel_job(bigint) is 'Cancel a job for api.cancel_job, as api_writer';

revoke all on function internal.cancel_job(bigint) from public;
grant execute on function internal.cancel_job(bigint) to member;

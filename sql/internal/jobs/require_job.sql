create or replace function internal.require_job(job_id bigint, message text)
returns void
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    owner_id bigint;
begin
    select jobs.group_id into owner_id
    from aspen.jobs as jobs
    where jobs.id = require_job.job_id;
    if owner_id is null then
        perform internal.fail(404, 'job_not_found', 'There is no such job',
            json_build_object('job_id', require_job.job_id)::text,
            'Look it up in jobs.');
    end if;
    perform authz.require_member(owner_id, require_job.message, 'full');
end
$$;

comment on function internal.require_job(bigint, text) is
$$Refuse a job that the caller does not see or may not change

message: of the error for who sees it and may not. Errors: 404 job_not_found, 403 group_access_denied.$$;

revoke all on function internal.require_job(bigint, text) from public;
grant execute on function internal.require_job(bigint, text) to api_writer;

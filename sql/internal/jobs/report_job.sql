-- definer because a job may write no table; row-level security keeps job_runner to the calling job.
-- The files are not looked at here: the database cannot read S3.
create or replace function internal.report_job(manifest json)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    report jsonb := report_job.manifest::jsonb;
    job aspen.jobs;
    problems json;
    earlier jsonb;
begin
    perform internal.note_heartbeat();
    select jobs.* into job
    from aspen.jobs as jobs
    where jobs.group_id = authz.job_group_id() and jobs.id = authz.job_id();
    if report is null or jsonb_typeof(report) = 'null' then
        return json_build_object('job_id', job.id, 'attempt', job.attempt, 'is_reported', false);
    end if;

    select json_agg(json_build_object('field', found.field, 'value', left(found.value, 200),
        'reason', found.reason))
    into problems
    from (
        values
        ('manifest', jsonb_typeof(report), case
            when jsonb_typeof(report) <> 'object' then 'must be an object'
            when octet_length(report::text) > 1048576 then 'must have at most 1 MiB'
        end),
        ('manifest.kind', report ->> 'kind', case
            when jsonb_typeof(report) = 'object' and report -> 'kind' is distinct from to_jsonb(job.kind)
                then 'must be the kind of the job'
        end),
        ('manifest.attempt', report ->> 'attempt', case
            when jsonb_typeof(report) = 'object' and report -> 'attempt' is distinct from to_jsonb(job.attempt)
                then 'must be the attempt of the token'
        end),
        ('manifest.status', report ->> 'status', case
            when jsonb_typeof(report) = 'object'
                and coalesce(report ->> 'status', '') not in ('succeeded', 'failed')
                then 'must be succeeded or failed'
        end)
    ) as found(field, value, reason)
    where found.reason is not null;
    if problems is not null then
        perform internal.fail(400, 'invalid_argument', 'The manifest is invalid', problems::text);
    end if;

    insert into aspen.job_reports (group_id, job_id, attempt, manifest)
    values (job.group_id, job.id, job.attempt, report)
    on conflict (group_id, job_id, attempt) do nothing;
    if not found then
        select reports.manifest into earlier
        from aspen.job_reports as reports
        where reports.group_id = job.group_id
            and reports.job_id = job.id
            and reports.attempt = job.attempt;
        if earlier <> report then
            perform internal.fail(409, 'report_exists', 'The attempt has submitted another manifest',
                json_build_object('job_id', job.id, 'attempt', job.attempt)::text,
                'A new attempt of the job can submit a new one.');
        end if;
    end if;
    return json_build_object('job_id', job.id, 'attempt', job.attempt, 'is_reported', true);
end
$$;

comment on function internal.report_job(json) is
'Take heartbeat and manifest for api.report_job, as job_runner';

revoke all on function internal.report_job(json) from public;
grant execute on function internal.report_job(json) to job;

create or replace function internal.is_reported(group_id bigint, job_id bigint, attempt integer)
returns boolean
language sql
stable
security invoker
set search_path = ''
as $$
    select exists (
        select from aspen.job_reports as reports
        where
            reports.group_id = is_reported.group_id
            and reports.job_id = is_reported.job_id
            and reports.attempt = is_reported.attempt
            and reports.registered_at is null
    );
$$;

comment on function internal.is_reported(bigint, bigint, integer) is
$$Whether the manifest of an attempt waits to be registered

The attempt needs no worker then: whoever registers the manifest ends the job.$$;

revoke all on function internal.is_reported(bigint, bigint, integer) from public;

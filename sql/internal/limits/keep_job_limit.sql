-- Counts the jobs that people requested, and not those that follow from their sequences or from
-- schedules. Requests of a group with a limit wait for one another, so that two do not pass it
-- together. The header Retry-After says when enough jobs are a day old.
-- definer because a caller may not see all limits.
create or replace function internal.keep_job_limit()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    limited record;
    requested bigint;
    free_at timestamptz;
begin
    for limited in
        select limits.group_id, limits.most_jobs_per_day
        from aspen.group_limits as limits
        where limits.most_jobs_per_day is not null
            and limits.group_id in (
                select changed_rows.group_id
                from changed_rows
                inner join aspen.job_kinds as kinds
                    on changed_rows.kind = kinds.name
                where changed_rows.requested_by_id is not null
                    and not kinds.is_queued_for_sequences
            )
        order by limits.group_id
    loop
        perform pg_advisory_xact_lock(
            hashtextextended('aspen.group_limits.jobs', limited.group_id)
        );
        requested := (
            select count(*)
            from aspen.jobs as jobs
            inner join aspen.job_kinds as kinds
                on jobs.kind = kinds.name and not kinds.is_queued_for_sequences
            where jobs.group_id = limited.group_id
                and jobs.requested_by_id is not null
                and jobs.created_at > now() - interval '24 hours'
        );
        if requested > limited.most_jobs_per_day then
            free_at := coalesce((
                select jobs.created_at + interval '24 hours'
                from aspen.jobs as jobs
                inner join aspen.job_kinds as kinds
                    on jobs.kind = kinds.name and not kinds.is_queued_for_sequences
                where jobs.group_id = limited.group_id
                    and jobs.requested_by_id is not null
                    and jobs.created_at > now() - interval '24 hours'
                order by jobs.created_at, jobs.id
                offset requested - limited.most_jobs_per_day - 1
                limit 1
            ), now());
            perform set_config('aspen.retry_after',
                greatest(ceil(extract(epoch from free_at - now())), 1)::text, true);
            perform internal.fail(429, 'too_many_jobs',
                'The group has requested as many jobs today as it may',
                json_build_object('group_id', limited.group_id, 'at_most',
                    limited.most_jobs_per_day, 'in_hours', 24)::text,
                'Wait as many seconds as Retry-After says, or ask the operators for more.');
        end if;
    end loop;
    return null;
end
$$;

comment on function internal.keep_job_limit() is
$$Trigger: refuse jobs above what a group may request in 24 hours

The rows are in changed_rows. Errors: 429 too_many_jobs.$$;

revoke all on function internal.keep_job_limit() from public;

-- Only groups that used something since yesterday, and of these the 1,000 that used most: each is a
-- series for as long as Prometheus keeps it.
create or replace function internal.group_metrics()
returns table (name text, labels jsonb, value double precision)
language sql
stable
security invoker
rows 1000
begin atomic
    with used as (
        select
            jobs.group_id,
            count(*) as job_count,
            sum(extract(epoch from jobs.finished_at - jobs.started_at)) as seconds
        from aspen.jobs as jobs
        where jobs.finished_at > now() - interval '24 hours'
        group by jobs.group_id
        order by job_count desc, jobs.group_id asc
        limit 1000
    )

    select
        measured.name,
        jsonb_build_object('group', used.group_id) as labels,
        measured.value
    from used
    cross join
        lateral (
            values
            ('aspen_group_jobs_ended_in_day', used.job_count),
            ('aspen_group_job_seconds_in_day', coalesce(used.seconds, 0))
        ) as measured (name, value)
    union all
    select
        'aspen_group_requests_today' as name,
        jsonb_build_object('group', busiest.group_id) as labels,
        busiest.request_count as value
    from (
        select
            requests.group_id,
            requests.request_count
        from aspen.group_requests as requests
        where requests.day = (now() at time zone 'UTC')::date
        order by requests.request_count desc, requests.group_id asc
        limit 1000
    ) as busiest;
end;

comment on function internal.group_metrics() is
$$What the busiest groups used since yesterday, by id

name is one of internal.metric_families.$$;

revoke all on function internal.group_metrics() from public;
grant execute on function internal.group_metrics() to observer;

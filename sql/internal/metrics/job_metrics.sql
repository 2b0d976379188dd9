-- Reads open jobs by their partial indexes, and of ended ones the last hour only.
-- Each kind has a line for everything, so that a rule tells 0 from a metric that is missing.
create or replace function internal.job_metrics()
returns table (name text, labels jsonb, value double precision)
language sql
stable
security invoker
rows 200
begin atomic
    with open_jobs as (
        select
            jobs.kind,
            'queued' as status,
            jobs.created_at,
            jobs.updated_at as since,
            jobs.worker
        from aspen.jobs as jobs
        where jobs.status = 'queued' and jobs.due_at is null
        union all
        select
            jobs.kind,
            'queued' as status,
            jobs.created_at,
            jobs.due_at as since,
            jobs.worker
        from aspen.jobs as jobs
        where jobs.due_at is not null
        union all
        select
            jobs.kind,
            'running' as status,
            jobs.created_at,
            jobs.started_at as since,
            jobs.worker
        from aspen.jobs as jobs
        where jobs.status = 'running'
    ),

    by_kind as (
        select
            open_jobs.kind,
            count(*) filter (where open_jobs.status = 'queued') as queued,
            count(*) filter (where open_jobs.status = 'running') as running,
            count(*) filter (
                where
                open_jobs.status = 'running'
                and open_jobs.worker is not null
                and not exists (
                    select from aspen.job_workers as workers
                    where
                        workers.name = open_jobs.worker
                        and workers.heartbeat_at > now() - interval '1 minute'
                )
            ) as lost,
            min(open_jobs.since) filter (
                where open_jobs.status = 'queued' and open_jobs.since <= now()
            ) as waiting_since,
            min(open_jobs.created_at) as requested_at
        from open_jobs
        group by open_jobs.kind
    ),

    ended as (
        select
            jobs.kind,
            jobs.status,
            count(*) as job_count
        from aspen.jobs as jobs
        where jobs.finished_at > now() - interval '1 hour'
        group by jobs.kind, jobs.status
    )

    select
        measured.name,
        jsonb_build_object('kind', kinds.name) as labels,
        measured.value
    from aspen.job_kinds as kinds
    left join by_kind on kinds.name = by_kind.kind
    cross join
        lateral (
            values
            ('aspen_jobs_queued', coalesce(by_kind.queued, 0)),
            ('aspen_jobs_running', coalesce(by_kind.running, 0)),
            ('aspen_jobs_lost', coalesce(by_kind.lost, 0)),
            (
                'aspen_oldest_waiting_job_seconds',
                case
                    when kinds.is_paused then 0
                    else coalesce(extract(epoch from now() - by_kind.waiting_since), 0)
                end
            ),
            (
                'aspen_oldest_open_job_seconds',
                coalesce(extract(epoch from now() - by_kind.requested_at), 0)
            ),
            ('aspen_job_kind_paused', kinds.is_paused::integer)
        ) as measured (name, value)
    union all
    select
        'aspen_jobs_ended_in_hour' as name,
        jsonb_build_object('kind', kinds.name, 'status', statuses.name) as labels,
        coalesce(ended.job_count, 0) as value
    from aspen.job_kinds as kinds
    cross join
        (values ('succeeded'), ('failed'), ('cancelled'), ('timed_out')) as statuses (name)
    left join ended
        on kinds.name = ended.kind and statuses.name = ended.status
    union all
    select
        measured.name,
        '{}' as labels,
        measured.value
    from (
        select
            count(*) filter (where workers.heartbeat_at > now() - interval '25 seconds') as alive,
            extract(epoch from now() - max(workers.heartbeat_at)) as age
        from aspen.job_workers as workers
    ) as workers
    cross join
        lateral (
            values
            ('aspen_workers', workers.alive),
            ('aspen_worker_heartbeat_seconds', greatest(workers.age, 0))
        ) as measured (name, value)
    where workers.age is not null or measured.name = 'aspen_workers';
end;

comment on function internal.job_metrics() is
$$State of the queue of jobs and of its workers

name is one of internal.metric_families.$$;

revoke all on function internal.job_metrics() from public;
grant execute on function internal.job_metrics() to observer;

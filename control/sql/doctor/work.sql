-- Return how jobs move: live workers, jobs that wait and since when, running ones that nobody works
-- on, and those that failed for good since yesterday. Jobs of kinds that are paused wait because
-- somebody wants it.
select
    (
        select count(*) from aspen.job_workers as workers
        where workers.heartbeat_at > clock_timestamp() - interval '25 seconds'
    ) as workers,
    (
        select count(*) from aspen.jobs as jobs
        inner join aspen.job_kinds as kinds on jobs.kind = kinds.name
        where
            jobs.status = 'queued'
            and not kinds.is_paused
            and (jobs.due_at is null or jobs.due_at <= now())
    ) as waiting,
    (
        select
            extract(
                epoch from clock_timestamp() - min(coalesce(jobs.due_at, jobs.updated_at))
            )::float8
        from aspen.jobs as jobs
        inner join aspen.job_kinds as kinds on jobs.kind = kinds.name
        where
            jobs.status = 'queued'
            and not kinds.is_paused
            and (jobs.due_at is null or jobs.due_at <= now())
    ) as oldest_seconds,
    (
        select count(*) from aspen.jobs as jobs
        where
            jobs.status = 'running' and jobs.worker is not null
            and not exists (
                select from aspen.job_workers as workers
                where
                    workers.name = jobs.worker
                    and workers.heartbeat_at > clock_timestamp() - interval '1 minute'
            )
    ) as lost,
    (
        select count(*) from aspen.jobs as jobs
        where jobs.status in ('failed', 'timed_out') and jobs.finished_at > now() - interval '1 day'
    ) as failed,
    (
        select count(*) from aspen.rejected_notifications as notifications
        where notifications.replayed_at is null
    ) as rejected

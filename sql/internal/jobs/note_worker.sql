create or replace function internal.note_worker(worker text)
returns table (job_id bigint, attempt integer, is_overdue boolean)
language sql
volatile
security invoker
set search_path = ''
as $$
    insert into aspen.job_workers (name, started_at, heartbeat_at)
    values (note_worker.worker, clock_timestamp(), clock_timestamp())
    on conflict (name) do update set heartbeat_at = excluded.heartbeat_at;

    select
        jobs.id,
        jobs.attempt,
        coalesce(jobs.deadline_at <= clock_timestamp(), false)
    from aspen.jobs as jobs
    where jobs.status = 'running' and jobs.worker = note_worker.worker;
$$;

comment on function internal.note_worker(text) is
$$Notes that a worker is alive, and returns the jobs it has

A job that it runs and that is not returned was cancelled, or was given to another worker. is_overdue:
the time limit is over, by the clock of the database.$$;

revoke all on function internal.note_worker(text) from public;
grant execute on function internal.note_worker(text) to control;

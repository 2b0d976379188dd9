-- A heartbeat of the future counts as old: the clock of the database was set back.
create or replace function internal.has_worker(worker text, patience interval)
returns boolean
language sql
volatile
security invoker
set search_path = ''
as $$
    select exists (
        select from aspen.job_workers as workers
        where
            workers.name = has_worker.worker
            and workers.heartbeat_at
            between clock_timestamp() - has_worker.patience and clock_timestamp() + has_worker.patience
    );
$$;

comment on function internal.has_worker(text, interval) is
$$Whether a worker is alive, by its last heartbeat

patience: how old the heartbeat may be.$$;

revoke all on function internal.has_worker(text, interval) from public;
grant execute on function internal.has_worker(text, interval) to control;

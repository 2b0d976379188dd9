create or replace function internal.sweep_jobs(patience interval default '25 seconds')
returns table (
    job_id bigint,
    attempt integer,
    status text,
    error text,
    executor text,
    handle text
)
language plpgsql
volatile
security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    lost record;
begin
    for lost in
        select
            jobs.id,
            jobs.attempt,
            jobs.executor,
            jobs.executor_handle,
            coalesce(jobs.deadline_at <= clock_timestamp(), false) as is_overdue
        from aspen.jobs as jobs
        where
            jobs.status = 'running'
            and (
                jobs.deadline_at + sweep_jobs.patience <= clock_timestamp()
                or jobs.worker is not null
                and not internal.has_worker(jobs.worker, sweep_jobs.patience)
            )
            and not internal.is_reported(jobs.group_id, jobs.id, jobs.attempt)
        order by jobs.id
        for no key update of jobs skip locked
    loop
        job_id := lost.id;
        attempt := lost.attempt;
        executor := lost.executor;
        handle := lost.executor_handle;
        error := case
            when lost.is_overdue then 'it took longer than its time limit'
            else 'its worker was lost'
        end;
        status := internal.end_attempt(
            lost.id, lost.attempt, case when lost.is_overdue then 'time_out' else 'fail' end, error
        );
        return next;
    end loop;
    delete from aspen.job_workers as workers
    where workers.heartbeat_at < clock_timestamp() - interval '1 day';
end
$$;

comment on function internal.sweep_jobs(interval) is
$$End attempts that have lost their worker or are past their time limit

patience: how old the last heartbeat of a worker may be, and how late the end of an attempt. A job
with attempts left is queued again. Returns what became of each job, and what its executor called the
attempt, which may still run there.$$;

revoke all on function internal.sweep_jobs(interval) from public;
grant execute on function internal.sweep_jobs(interval) to control;

create or replace function internal.adopt_jobs(
    worker text, executor text, patience interval default '25 seconds'
)
returns table (
    job_id bigint,
    attempt integer,
    kind text,
    pathogen text,
    group_id bigint,
    turn bigint,
    handle text
)
language plpgsql
volatile
security invoker
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    with lost as materialized (
        select jobs.id
        from aspen.jobs as jobs
        where
            jobs.status = 'running'
            and jobs.executor = adopt_jobs.executor
            and jobs.worker <> adopt_jobs.worker
            and not internal.has_worker(jobs.worker, adopt_jobs.patience)
            and not internal.is_reported(jobs.group_id, jobs.id, jobs.attempt)
        order by jobs.id
        for no key update of jobs skip locked
    )

    update aspen.jobs as jobs
    set worker = adopt_jobs.worker
    from lost
    where jobs.id = lost.id
    returning
        jobs.id,
        jobs.attempt,
        jobs.kind,
        (
            select pathogens.slug::text from aspen.pathogens as pathogens
            where pathogens.id = jobs.pathogen_id
        ),
        jobs.group_id,
        jobs.turn,
        jobs.executor_handle;
end
$$;

comment on function internal.adopt_jobs(text, text, interval) is
$$Give a worker the attempts that have lost theirs and go on without one

executor: one whose programs outlive the worker. patience: how old the last heartbeat of a worker may
be. Returns the attempts with what the executor calls them; null if the worker was lost before it said
so. An attempt whose manifest waits needs no worker.$$;

revoke all on function internal.adopt_jobs(text, text, interval) from public;
grant execute on function internal.adopt_jobs(text, text, interval) to control;

create or replace function internal.hand_back_jobs(worker text)
returns setof bigint
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    return query
    with held as materialized (
        select jobs.id, jobs.error
        from aspen.jobs as jobs
        where
            jobs.status = 'running'
            and jobs.worker = hand_back_jobs.worker
            and not internal.is_reported(jobs.group_id, jobs.id, jobs.attempt)
        order by jobs.id
        for no key update
    )

    select held.id
    from held
    where internal.requeue_job(held.id, 'hand_back', held.error);
    delete from aspen.job_workers as workers where workers.name = hand_back_jobs.worker;
end
$$;

comment on function internal.hand_back_jobs(text) is
$$Queue the jobs of a worker that ends, and forget the worker

The attempts that are interrupted do not count. Returns the ids of the jobs.$$;

revoke all on function internal.hand_back_jobs(text) from public;
grant execute on function internal.hand_back_jobs(text) to control;

-- The statements read aspen.jobs by the index of the queue only, from where the worker stopped
-- reading: entries of jobs that were taken stay in the index as long as anybody holds a snapshot,
-- and a worker that began at the front would read all of them every time.
create or replace function internal.claim_jobs(
    worker text,
    wanted integer,
    kinds text[] default null,
    after_turn bigint default null,
    after_id bigint default null
)
returns table (
    job_id bigint,
    attempt integer,
    kind text,
    pathogen text,
    group_id bigint,
    turn bigint,
    traceparent text
)
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = 'off'
set enable_bitmapscan = 'off'
set enable_sort = 'off'
as $$
#variable_conflict use_column
declare
    open_kinds text[];
    has_limits boolean;
    chosen_ids bigint[];
    last_turn bigint;
begin
    select
        coalesce(array_agg(kinds.name), '{}'),
        bool_or(kinds.most_running is not null or kinds.most_running_of_group is not null)
    into open_kinds, has_limits
    from aspen.job_kinds as kinds
    where
        not kinds.is_paused
        and (claim_jobs.kinds is null or kinds.name = any(claim_jobs.kinds));

    if claim_jobs.after_turn is null then
        perform internal.release_jobs();
    end if;
    if has_limits then
        chosen_ids := internal.jobs_within_limits(claim_jobs.wanted, open_kinds);
    else
        chosen_ids := array(
            select jobs.id
            from aspen.jobs as jobs
            where
                jobs.status = 'queued'
                and jobs.due_at is null
                and jobs.kind = any(open_kinds)
                and (jobs.turn, jobs.id)
                > (coalesce(claim_jobs.after_turn, -1), coalesce(claim_jobs.after_id, 0))
            order by jobs.turn, jobs.id
            limit claim_jobs.wanted
            for no key update skip locked
        );
    end if;
    return query
    update aspen.jobs as jobs
    set
        status = 'running',
        worker = claim_jobs.worker,
        started_at = clock_timestamp(),
        heartbeat_at = clock_timestamp()
    where jobs.id = any(chosen_ids) and jobs.status = 'queued'
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
        jobs.traceparent;

    if cardinality(chosen_ids) > 0 then
        select jobs.turn into last_turn
        from aspen.jobs as jobs
        where jobs.id = chosen_ids[cardinality(chosen_ids)];
        perform setval('aspen.job_turns', last_turn)
        from aspen.job_turns as clock
        where clock.last_value < last_turn;
    end if;
end
$$;

comment on function internal.claim_jobs(text, integer, text[], bigint, bigint) is
$$Take queued jobs for a worker, which start with it

worker: a name of job_workers. wanted: how many at most. kinds: null for all; kinds that are paused are
left out. after_turn, after_id: the last job that the worker was given, where it goes on reading;
null reads the queue from its front, which finds also what was committed late, resumed or became due.
Returns the jobs in no certain order.$$;

revoke all on function internal.claim_jobs(text, integer, text[], bigint, bigint) from public;
grant execute on function internal.claim_jobs(text, integer, text[], bigint, bigint) to control;

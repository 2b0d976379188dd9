-- One worker after another: two at once would each count what runs, and together exceed a limit.
-- The jobs that are left out stay at the front of the queue, so it is read from there.
create or replace function internal.jobs_within_limits(wanted integer, kinds text[])
returns bigint[]
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = 'off'
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('aspen.job_kinds', 0));
    return array(
        with running as materialized (
            select jobs.kind, jobs.group_id, count(*) as jobs
            from aspen.jobs as jobs
            where jobs.status = 'running'
            group by jobs.kind, jobs.group_id
        ),

        room as materialized (
            select
                kinds.name,
                kinds.most_running_of_group,
                kinds.most_running - coalesce(
                    (select sum(running.jobs) from running where running.kind = kinds.name), 0
                ) as of_kind
            from aspen.job_kinds as kinds
            where kinds.name = any(jobs_within_limits.kinds)
        ),

        waiting as (
            select
                jobs.id,
                jobs.turn,
                jobs.kind,
                room.of_kind,
                row_number() over (
                    partition by jobs.kind, jobs.group_id order by jobs.turn, jobs.id
                ) + coalesce(
                    (
                        select running.jobs
                        from running
                        where running.kind = jobs.kind and running.group_id = jobs.group_id
                    ),
                    0
                ) <= room.most_running_of_group as is_within_group
            from aspen.jobs as jobs
            inner join room on jobs.kind = room.name
            where
                jobs.status = 'queued'
                and jobs.due_at is null
                and (room.of_kind is null or room.of_kind > 0)
        ),

        numbered as (
            select
                waiting.id,
                waiting.turn,
                waiting.of_kind,
                row_number() over (
                    partition by waiting.kind order by waiting.turn, waiting.id
                ) as number_of_kind
            from waiting
            where coalesce(waiting.is_within_group, true)
        )

        select jobs.id
        from aspen.jobs as jobs
        inner join numbered on jobs.id = numbered.id
        where
            (numbered.of_kind is null or numbered.number_of_kind <= numbered.of_kind)
            and jobs.status = 'queued'
        order by numbered.turn, numbered.id
        limit jobs_within_limits.wanted
        for no key update of jobs skip locked
    );
end
$$;

comment on function internal.jobs_within_limits(integer, text[]) is
$$Lock queued jobs that may start without exceeding a limit of their kind

wanted: how many at most. kinds: the kinds to choose from. Returns their ids in the order of the queue.
Whoever calls it next waits until this transaction ends.$$;

revoke all on function internal.jobs_within_limits(integer, text[]) from public;

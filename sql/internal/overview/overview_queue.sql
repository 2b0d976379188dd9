create or replace function internal.overview_queue(groups bigint[])
returns text
language sql
stable
security invoker
begin atomic
    with counts as materialized (
        select
            jobs.kind,
            count(*) filter (where jobs.status = 'running') as running,
            count(*) filter (where jobs.status = 'queued') as queued,
            min(jobs.created_at) filter (where jobs.status = 'queued') as since
        from aspen.jobs as jobs
        where
            jobs.group_id = any(overview_queue.groups)
            and jobs.status in ('queued', 'running')
        group by jobs.kind
    )

    select
        internal.chart_section(
            'queue',
            'Jobs that wait or run',
            coalesce(
                'Now, of all pathogens. The oldest waits since '
                || to_char(min(counts.since) at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
                || ' UTC.',
                'Now, of all pathogens. None waits.'
            ),
            'kind',
            array_agg(counts.kind order by counts.kind),
            array['running', 'waiting'],
            array['c3', 'none'],
            (
                select array_agg(parts.job_count::numeric order by named.kind, parts.number)
                from counts as named
                cross join
                    lateral (
                        values (1, named.running), (2, named.queued)
                    ) as parts (number, job_count)
            ),
            'jobs'
        )
    from counts;
end;

comment on function internal.overview_queue(bigint[]) is
$$How many jobs wait and run, by kind, and since when

groups is that of internal.overview_curve.$$;

revoke all on function internal.overview_queue(bigint[]) from public;
grant execute on function internal.overview_queue(bigint[]) to member;

create or replace function internal.overview_outcomes(
    groups bigint[],
    pathogen_id bigint,
    since timestamptz
)
returns text
language sql
stable
security invoker
begin atomic
    with counts as materialized (
        select
            jobs.kind,
            statuses.number,
            count(*) filter (where jobs.status = any(statuses.names)) as job_count
        from aspen.jobs as jobs
        cross join (
            values
            (1, array['succeeded']),
            (2, array['failed']),
            (3, array['timed_out']),
            (4, array['cancelled']),
            (5, array['queued', 'running'])
        ) as statuses (number, names)
        where
            jobs.group_id = any(overview_outcomes.groups)
            and jobs.created_at >= overview_outcomes.since
            and (
                overview_outcomes.pathogen_id is null
                or jobs.pathogen_id = overview_outcomes.pathogen_id
            )
        group by jobs.kind, statuses.number
    )

    select
        internal.chart_section(
            'outcomes',
            'Outcomes of jobs',
            'Of the jobs that were queued since '
            || (overview_outcomes.since at time zone 'UTC')::date || ', by kind.',
            'kind',
            (
                select array_agg(kinds.kind order by kinds.kind)
                from (select distinct counts.kind from counts) as kinds
            ),
            array['succeeded', 'failed', 'timed out', 'cancelled', 'waiting or running'],
            array['c3', 'c4', 'c5', 'other', 'none'],
            (
                select array_agg(counts.job_count order by counts.kind, counts.number)
                from counts
            ),
            'jobs'
        );
end;

comment on function internal.overview_outcomes(bigint[], bigint, timestamptz) is
$$How many jobs ended in which way, by kind

groups and pathogen_id are those of internal.overview_curve. since: jobs queued from then on.$$;

revoke all on function internal.overview_outcomes(bigint[], bigint, timestamptz) from public;
grant execute on function internal.overview_outcomes(bigint[], bigint, timestamptz) to member;

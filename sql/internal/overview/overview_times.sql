create or replace function internal.overview_times(
    groups bigint[],
    pathogen_id bigint,
    since timestamptz
)
returns text
language sql
stable
security invoker
begin atomic
    with times as (
        select
            jobs.kind,
            percentile_cont(array[0.5::double precision, 0.9::double precision]) within group (
                -- Not negative, although a clock may have been set back in between.
                order by greatest(extract(epoch from jobs.finished_at - jobs.created_at), 0)
            ) as seconds
        from aspen.jobs as jobs
        where
            jobs.group_id = any(overview_times.groups)
            and jobs.created_at >= overview_times.since
            and jobs.status = 'succeeded'
            and (
                overview_times.pathogen_id is null
                or jobs.pathogen_id = overview_times.pathogen_id
            )
        group by jobs.kind
    )

    select
        internal.chart_section(
            'times',
            'Time from queue to result',
            'Of the jobs that were queued since '
            || (overview_times.since at time zone 'UTC')::date
            || ' and succeeded, waiting included. Half of them took at most the median, nine of'
            || ' ten at most the 90th percentile.',
            'kind',
            array_agg(times.kind order by times.kind),
            array['median', 'up to the 90th percentile'],
            array['c1', 'c2'],
            (
                select array_agg(parts.seconds order by named.kind, parts.number)
                from times as named
                cross join
                    lateral (
                        values
                        (1, named.seconds[1]::numeric),
                        (2, (named.seconds[2] - named.seconds[1])::numeric)
                    ) as parts (number, seconds)
            ),
            'seconds',
            array['median', '90th percentile'],
            (
                select array_agg(parts.seconds order by named.kind, parts.number)
                from times as named
                cross join
                    lateral (
                        values (1, named.seconds[1]::numeric), (2, named.seconds[2]::numeric)
                    ) as parts (number, seconds)
            )
        )
    from times;
end;

comment on function internal.overview_times(bigint[], bigint, timestamptz) is
$$How long jobs took that succeeded, by kind

The parameters are those of internal.overview_outcomes.$$;

revoke all on function internal.overview_times(bigint[], bigint, timestamptz) from public;
grant execute on function internal.overview_times(bigint[], bigint, timestamptz) to member;

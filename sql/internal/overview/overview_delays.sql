create or replace function internal.overview_delays(
    groups bigint[],
    pathogen_id bigint,
    first_day date,
    last_day date
)
returns text
language sql
stable
security invoker
begin atomic
    with delays as (
        select
            pathogens.name,
            percentile_cont(array[0.5::double precision, 0.9::double precision]) within group (
                order by
                    greatest(
                        (samples.created_at at time zone 'UTC')::date - samples.collection_date, 0
                    )
            ) as days
        from aspen.samples as samples
        inner join aspen.pathogens as pathogens
            on samples.pathogen_id = pathogens.id
        where
            samples.group_id = any(overview_delays.groups)
            and samples.collection_date
            between overview_delays.first_day and overview_delays.last_day
            and (
                overview_delays.pathogen_id is null
                or samples.pathogen_id = overview_delays.pathogen_id
            )
        group by pathogens.name
    )

    select
        internal.chart_section(
            'delays',
            'Days from collection to upload',
            'Of the samples above. Half of them took at most the median, nine of ten at most the'
            || ' 90th percentile. What is not uploaded yet is missing, so recent weeks look fast.',
            'pathogen',
            array_agg(delays.name::text order by delays.name),
            array['median', 'up to the 90th percentile'],
            array['c1', 'c2'],
            (
                select array_agg(parts.days order by named.name, parts.number)
                from delays as named
                cross join lateral unnest(
                    array[named.days[1], named.days[2] - named.days[1]]::numeric[]
                ) with ordinality as parts (days, number)
            ),
            'days',
            array['median', '90th percentile'],
            (
                select array_agg(parts.days order by named.name, parts.number)
                from delays as named
                cross join
                    lateral unnest(named.days::numeric[])
                    with ordinality as parts (days, number)
            )
        )
    from delays;
end;

comment on function internal.overview_delays(bigint[], bigint, date, date) is
$$How long samples took from collection to upload, by pathogen

The parameters are those of internal.overview_curve.$$;

revoke all on function internal.overview_delays(bigint[], bigint, date, date) from public;
grant execute on function internal.overview_delays(bigint[], bigint, date, date) to member;

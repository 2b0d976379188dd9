-- The lineage is that of the caller of the pathogen. Without one pathogen, names say whose they
-- are, because pathogens have lineages of the same name.
create or replace function internal.overview_curve(
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
    with counts as materialized (
        select
            found.week_number,
            found.lineage,
            count(*) as sample_count
        from (
            select
                (samples.collection_date - overview_curve.first_day) / 7 + 1 as week_number,
                case
                    when overview_curve.pathogen_id is null
                        then pathogens.slug || ' ' || sample_lineages.lineage
                    else sample_lineages.lineage
                end as lineage
            from aspen.samples as samples
            inner join aspen.pathogens as pathogens
                on samples.pathogen_id = pathogens.id
            left join aspen.sample_lineages as sample_lineages
                on
                    samples.group_id = sample_lineages.group_id
                    and samples.id = sample_lineages.sample_id
                    and sample_lineages.lineage_type
                    = coalesce(pathogens.lineage_caller, 'NEXTCLADE')
            where
                samples.group_id = any(overview_curve.groups)
                and samples.collection_date
                between overview_curve.first_day and overview_curve.last_day
                and (
                    overview_curve.pathogen_id is null
                    or samples.pathogen_id = overview_curve.pathogen_id
                )
        ) as found
        group by found.week_number, found.lineage
    ),

    ranked as (
        select
            totals.lineage,
            row_number() over (order by totals.sample_count desc, totals.lineage asc) as place
        from (
            select
                counts.lineage,
                sum(counts.sample_count) as sample_count
            from counts
            where counts.lineage is not null
            group by counts.lineage
        ) as totals
    ),

    placed as materialized (
        select
            parts.week_number,
            parts.series_number,
            parts.name,
            parts.color,
            sum(parts.sample_count) as sample_count
        from (
            select
                counts.week_number,
                counts.sample_count,
                case
                    when ranked.place is null then 10
                    else least(ranked.place, 9)
                end as series_number,
                case
                    when ranked.place is null then 'no lineage'
                    when ranked.place > 8 then 'other lineages'
                    else counts.lineage
                end as name,
                case
                    when ranked.place is null then 'none'
                    when ranked.place > 8 then 'other'
                    else 'c' || ranked.place
                end as color
            from counts
            left join ranked on counts.lineage = ranked.lineage
        ) as parts
        group by parts.week_number, parts.series_number, parts.name, parts.color
    ),

    series as (
        select distinct
            placed.series_number as number,
            placed.name,
            placed.color
        from placed
    ),

    weeks as (
        select
            numbers.week_number,
            overview_curve.first_day + 7 * (numbers.week_number - 1) as begins_on
        from
            generate_series(
                1, (overview_curve.last_day - overview_curve.first_day) / 7 + 1
            ) as numbers (week_number)
    )

    select
        internal.chart_section(
            'curve',
            'Samples per week by lineage',
            'By the day of collection, from ' || overview_curve.first_day || ' to '
            || overview_curve.last_day || ': '
            || internal.chart_number(
                coalesce((select sum(placed.sample_count) from placed), 0)
            )
            || ' samples. Weeks begin on Mondays. The eight most frequent lineages have a colour'
            || ' each.',
            'week',
            (
                select array_agg(weeks.begins_on::text order by weeks.week_number)
                from weeks
            ),
            (select array_agg(series.name order by series.number) from series),
            (select array_agg(series.color order by series.number) from series),
            (
                select
                    array_agg(
                        coalesce(placed.sample_count, 0)
                        order by weeks.week_number, series.number
                    )
                from weeks
                cross join series
                left join placed
                    on
                        weeks.week_number = placed.week_number
                        and series.number = placed.series_number
            ),
            'samples'
        );
end;

comment on function internal.overview_curve(bigint[], bigint, date, date) is
$$The epidemic curve of the overview: samples per week by lineage

groups: whose samples; row-level security decides which of them are seen. pathogen_id: null for all.
first_day: a Monday.$$;

revoke all on function internal.overview_curve(bigint[], bigint, date, date) from public;
grant execute on function internal.overview_curve(bigint[], bigint, date, date) to member;

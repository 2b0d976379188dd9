-- Widens the time before the location, as people look at recent data first. Samples of the group
-- count wherever they were collected, public sequences where the tree is about. The newest date of
-- each decides which of the times is long enough, so that each is read once.
create or replace function internal.recent_filters(
    group_id bigint,
    pathogen_id bigint,
    template_args jsonb,
    day date
)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
    with places as materialized (
        select wider.*, num_nulls(wider.division, wider.location) as level
        from aspen.locations as base
        inner join aspen.locations as wider
            on base.region_key = wider.region_key
            and base.country = wider.country
            and (wider.division is null or wider.division = base.division)
            and (wider.location is null or wider.location = base.location)
        where base.id = coalesce(
            (recent_filters.template_args ->> 'location_id')::bigint,
            (
                select groups.default_tree_location_id
                from aspen.groups as groups
                where groups.id = recent_filters.group_id
            )
        )
    ),

    newest as (
        select 0 as rank, null::bigint as location_id, max(samples.collection_date) as day
        from aspen.samples as samples
        inner join aspen.sequences as sequences
            on samples.group_id = sequences.group_id and samples.id = sequences.sample_id
        where samples.group_id = recent_filters.group_id
            and samples.pathogen_id = recent_filters.pathogen_id
            and samples.collection_date <= recent_filters.day
        union all
        select
            places.level,
            case when places.level > min(places.level) over () then places.id end,
            (
                select max(strains.collection_date)
                from aspen.public_sequences as strains
                where strains.pathogen_id = recent_filters.pathogen_id
                    and strains.collection_date <= recent_filters.day
                    and strains.region = places.region
                    and strains.country = places.country
                    and (places.division is null or strains.division = places.division)
                    and (places.location is null or strains.location = places.location)
            )
        from places
    )

    select coalesce(
        (
            select recent_filters.template_args
            where recent_filters.template_args ? 'filter_start_date'
        ),
        (
            select
                recent_filters.template_args
                || jsonb_build_object('filter_start_date', windows.start)
                || jsonb_strip_nulls(jsonb_build_object('location_id', newest.location_id))
            from newest
            cross join (
                values
                (recent_filters.day - 84),
                ((recent_filters.day - interval '6 months')::date),
                ((recent_filters.day - interval '12 months')::date),
                ((recent_filters.day - interval '24 months')::date)
            ) as windows (start)
            where newest.day >= windows.start
            order by
                case when newest.location_id is null then -1 else newest.rank end,
                windows.start desc
            limit 1
        )
    );
$$;

comment on function internal.recent_filters(bigint, bigint, jsonb, date) is
$$Filters of a scheduled run, from the newest data on

The time is 12 weeks, or 6, 12 or 24 months, until there is a sample of the group with a sequence, or a
public sequence from the location of the tree. Without any, the location is widened to the division,
then to the country. A filter_start_date that is given is kept. Null if there are no data.$$;

revoke all on function internal.recent_filters(bigint, bigint, jsonb, date) from public;
grant execute on function internal.recent_filters(bigint, bigint, jsonb, date) to control;

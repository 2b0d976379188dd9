-- Places on the tree, nearest to the group's default location first, in sixteen fixed colours (a
-- ramp from violet to red); places without coordinates come last, by name.
create or replace function internal.place_colors(
    level text, places jsonb,
    origin_location_id bigint
)
returns jsonb
language sql
stable
security invoker
begin atomic
    with origin as (
        select
            case place_colors.level
                when 'country' then locations.country
                when 'division' then locations.division
                else locations.location
            end as name,
            located.latitude,
            located.longitude
        from aspen.locations as locations
        -- The nearest level above that has coordinates stands in for a place without.
        left join lateral (
            select
                parents.latitude,
                parents.longitude
            from aspen.locations as parents
            where
                parents.latitude is not null
                and parents.region = locations.region
                and (parents.country = locations.country or parents.country is null)
                and (parents.division = locations.division or parents.division is null)
                and (parents.location = locations.location or parents.location is null)
            order by num_nonnulls(parents.country, parents.division, parents.location) desc
            limit 1
        ) as located on true
        where locations.id = place_colors.origin_location_id
    ),

    -- One pass over the locations: looking up each of a tree's hundreds of places takes longer than
    -- putting the whole tree together.
    candidates as (
        select
            names.name,
            names.name = origin.name as is_origin,
            -- The haversine of the angle between two places grows with their distance.
            min(
                sind((locations.latitude - origin.latitude) / 2) ^ 2
                + cosd(locations.latitude) * cosd(origin.latitude)
                * sind((locations.longitude - origin.longitude) / 2) ^ 2
            ) as distance
        from jsonb_array_elements_text(place_colors.places) as names (name)
        left join aspen.locations as locations
            on
                names.name = case place_colors.level
                    when 'country' then locations.country
                    when 'division' then locations.division
                    else locations.location
                end
                and case place_colors.level
                    when 'country' then locations.division is null
                    when 'division' then locations.location is null
                    else true
                end
                and locations.latitude is not null
        left join origin on true
        group by names.name, origin.name
    ),

    ranked as (
        select
            candidates.name,
            row_number() over (
                order by
                    coalesce(candidates.is_origin, false) desc,
                    candidates.distance asc nulls last, candidates.name asc
            ) as rank
        from candidates
    )

    select
        jsonb_agg(
            jsonb_build_array(
                ranked.name,
                (array[
                    '#571EA2', '#4334BF', '#3F55CE', '#4376CD', '#4C91C0', '#59A4A9', '#6AB18F',
                    '#7FB975',
                    '#97BD5F', '#AFBD4F', '#C5B945', '#D8AE3E', '#E39B39', '#E67D33', '#E2562B',
                    '#DC2F24'
                ])[ranked.rank]
            )
            order by ranked.rank
        )
    from ranked
    where ranked.rank <= 16;
end;

comment on function internal.place_colors(text, jsonb, bigint) is $$Auspice colour scale of at most 16 places

[[place, "#RRGGBB"], …], nearest first; level: country, division or location.$$;

revoke all on function internal.place_colors(text, jsonb, bigint) from public;
grant execute on function internal.place_colors(text, jsonb, bigint) to member;

-- Locations on the tree, nearest to the group's default location first, in sixteen fixed colours. A
-- location is matched with all its parents: Córdoba in Spain is not the one in Argentina. Where the
-- tree does not name the parents and several locations fit, none is chosen. Locations without
-- coordinates come last, by name.
-- Where a name on the tree stands for several places, it has one colour, that of the nearest.
-- plpgsql, because every statement that calls a function in SQL plans it again, which takes as long
-- as all the rest. definer because the caller may not name the table in it; the table contains
-- nothing but what everybody may read.
create or replace function internal.place_colors(
    level text, places jsonb,
    origin_location_id bigint
)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
begin
    return (
        with origin as (
            select
                case place_colors.level
                    when 'country' then locations.country
                    when 'division' then locations.division
                    else locations.location
                end as name,
                lower(locations.country) as country_key,
                lower(locations.division) as division_key,
                internal.place_path(
                    locations.country,
                    case when place_colors.level <> 'country' then locations.division end,
                    case when place_colors.level = 'location' then locations.location end
                ) as path_key,
                located.latitude,
                located.longitude
            from aspen.locations as locations
            -- A location without coordinates takes those of the nearest level above that has them.
            left join lateral (
                select
                    parents.latitude,
                    parents.longitude
                from (
                    values
                    (locations.path_key),
                    (internal.place_path(locations.country, locations.division, null)),
                    (internal.place_path(locations.country, null, null)),
                    (internal.place_path(null, null, null))
                ) as above(path_key)
                inner join aspen.locations as parents
                    on parents.region_key = locations.region_key
                    and parents.path_key = above.path_key
                where parents.latitude is not null
                order by num_nonnulls(parents.country, parents.division, parents.location) desc
                limit 1
            ) as located on true
            where locations.id = place_colors.origin_location_id
        ),

        named as (
            select
                case jsonb_typeof(places.entry)
                    when 'array' then places.entry ->> -1
                    else places.entry #>> '{}'
                end as name,
                case when places.depth > 1 then places.entry ->> 0 end as country,
                case when places.depth > 2 then places.entry ->> 1 end as division
            from (
                select
                    elements.entry,
                    case jsonb_typeof(elements.entry)
                        when 'array' then jsonb_array_length(elements.entry)
                    end as depth
                from jsonb_array_elements(place_colors.places) as elements(entry)
            ) as places
        ),

        -- With all parents, the index finds it. The same country in two regions is one.
        told as materialized (
            select
                named.name,
                case place_colors.level
                    when 'country' then internal.place_path(named.name, null, null)
                    when 'division' then internal.place_path(named.country, named.name, null)
                    else internal.place_path(named.country, named.division, named.name)
                end as path_key
            from named
            where place_colors.level = 'country'
                or named.country is not null
                and (place_colors.level = 'division' or named.division is not null)
        ),

        untold as materialized (
            select
                named.name,
                lower(internal.tidy_name(named.name)) as own_key,
                lower(internal.tidy_name(named.country)) as country_key,
                lower(internal.tidy_name(named.division)) as division_key
            from named
            where place_colors.level <> 'country'
                and (
                    named.country is null
                    or place_colors.level = 'location' and named.division is null
                )
        ),

        candidates as (
            select
                told.name,
                origin.name is not null and told.path_key = origin.path_key as is_origin,
                locations.latitude,
                locations.longitude
            from told
            left join aspen.locations as locations on told.path_key = locations.path_key
            left join origin on true
            union all
            select
                untold.name,
                -- A parent that is not named does not differ.
                untold.own_key = lower(origin.name)
                and coalesce(untold.country_key, origin.country_key) = origin.country_key
                and coalesce(untold.division_key, origin.division_key) = origin.division_key,
                only_one.latitude,
                only_one.longitude
            from untold
            left join (
                select
                    answering.own_key,
                    answering.country_key,
                    answering.division_key,
                    min(locations.latitude) as latitude,
                    min(locations.longitude) as longitude
                from untold as answering
                inner join aspen.locations as locations
                    on answering.own_key = lower(
                        case place_colors.level
                            when 'division' then locations.division
                            else locations.location
                        end
                    )
                    and (place_colors.level = 'location' or locations.location is null)
                    and (
                        answering.country_key is null
                        or answering.country_key = lower(locations.country)
                    )
                    and (
                        answering.division_key is null
                        or answering.division_key = lower(locations.division)
                    )
                group by answering.own_key, answering.country_key, answering.division_key
                having count(distinct locations.path_key) = 1
            ) as only_one
                on untold.own_key = only_one.own_key
                and coalesce(untold.country_key, '') = coalesce(only_one.country_key, '')
                and coalesce(untold.division_key, '') = coalesce(only_one.division_key, '')
            left join origin on true
        ),

        -- The group's own location comes first in the scale, whether it is on the tree or not.
        with_origin as (
            select candidates.name, candidates.is_origin, candidates.latitude, candidates.longitude
            from candidates
            union all
            select origin.name, true, null, null
            from origin
            where origin.name is not null
                and not exists (select from candidates where candidates.is_origin)
        ),

        ranked as (
            select
                with_origin.name,
                row_number() over (
                    order by
                        bool_or(coalesce(with_origin.is_origin, false)) desc,
                        -- The haversine of the angle between two places grows with their distance.
                        min(
                            sind((with_origin.latitude - origin.latitude) / 2) ^ 2
                            + cosd(with_origin.latitude) * cosd(origin.latitude)
                            * sind((with_origin.longitude - origin.longitude) / 2) ^ 2
                        ) asc nulls last,
                        with_origin.name asc
                ) as rank
            from with_origin
            left join origin on true
            group by with_origin.name
        )

        select
            jsonb_agg(
                jsonb_build_array(
                    ranked.name,
                    (array[
                        '#277F8E', '#084A9F', '#4187E0', '#B2D3FD', '#DFC6FF', '#9069C2', '#440278',
                        '#BD3232',
                        '#ED5151', '#FF9999', '#FF8A24', '#FFDABA', '#A76738', '#FDE725', '#A0DA39',
                        '#4AB569'
                    ])[ranked.rank]
                )
                order by ranked.rank
            )
        from ranked
        where ranked.rank <= 16
    );
end
$$;

comment on function internal.place_colors(text, jsonb, bigint) is
$$Auspice colour scale of at most 16 locations

[[name, "#RRGGBB"], …], nearest first; level: country, division or location. places: the list of
names of each from the country down, null where the tree does not name one, or a bare name. The
location of origin comes first even if it is not among them.$$;

revoke all on function internal.place_colors(text, jsonb, bigint) from public;
grant execute on function internal.place_colors(text, jsonb, bigint) to member, api_writer;

-- Set the coordinates of locations from the lines of a file (parallel arrays), and report the
-- outcome for each location. A line matches locations by level and name, and by the parents it
-- names. The line that names most parents counts. Nothing is guessed: a line that matches several
-- locations, or two lines that contradict each other, set none. A country that stands in two
-- regions counts as one location.
with lines as (
    select
        given.number,
        given.level,
        given.latitude,
        given.longitude,
        num_nonnulls(given.region, given.country, given.division) as parent_count,
        lower(internal.tidy_name(given.region)) as region_key,
        lower(internal.tidy_name(given.country)) as country_key,
        lower(internal.tidy_name(given.division)) as division_key,
        lower(internal.tidy_name(given.name)) as own_key
    from unnest(
        %(numbers)s::integer[], %(levels)s::text[], %(names)s::text[],
        %(latitudes)s::double precision[], %(longitudes)s::double precision[],
        %(regions)s::text[], %(countries)s::text[], %(divisions)s::text[]
    ) as given (number, level, name, latitude, longitude, region, country, division)
),

places as (
    select
        locations.id,
        locations.latitude,
        locations.longitude,
        locations.path_key,
        locations.region_key,
        lower(locations.country) as country_key,
        lower(locations.division) as division_key,
        concat_ws(' / ', locations.country, locations.division, locations.location) as deep_name,
        locations.region,
        case num_nonnulls(locations.country, locations.division, locations.location)
            when 0 then 'region'
            when 1 then 'country'
            when 2 then 'division'
            else 'location'
        end as level,
        lower(
            coalesce(locations.location, locations.division, locations.country, locations.region)
        ) as own_key
    from aspen.locations as locations
),

matches as materialized (
    select
        places.id,
        places.path_key,
        lines.number,
        lines.latitude,
        lines.longitude,
        lines.parent_count,
        max(lines.parent_count) over (partition by places.id) as most_parents
    from places
    inner join lines
        on
            places.level = lines.level
            and places.own_key = lines.own_key
            and (lines.region_key is null or places.region_key = lines.region_key)
            and (lines.country_key is null or places.country_key = lines.country_key)
            and (lines.division_key is null or places.division_key = lines.division_key)
),

ambiguous as (
    select matches.number
    from matches
    group by matches.number
    having count(distinct matches.path_key) > 1
),

chosen as (
    select
        matches.id,
        min(matches.latitude) as latitude,
        min(matches.longitude) as longitude,
        array_agg(matches.number order by matches.number) as numbers,
        bool_or(ambiguous.number is not null) as is_ambiguous,
        count(distinct array[matches.latitude, matches.longitude]) > 1 as is_contradicted
    from matches
    left join ambiguous
        on matches.number = ambiguous.number
    where matches.parent_count = matches.most_parents
    group by matches.id
),

outcomes as (
    select
        places.id,
        places.level,
        coalesce(nullif(places.deep_name, ''), places.region) as name,
        chosen.latitude,
        chosen.longitude,
        coalesce(chosen.numbers, '{}') as numbers,
        case
            when chosen.id is null and places.latitude is null then 'missing'
            when chosen.id is null then 'untouched'
            when chosen.is_ambiguous and places.latitude is null then 'ambiguous'
            when chosen.is_contradicted and places.latitude is null then 'contradicted'
            when chosen.is_ambiguous or chosen.is_contradicted then 'untouched'
            when
                places.latitude is null
                or %(replace)s and (places.latitude, places.longitude)
                <> (chosen.latitude, chosen.longitude)
                then 'set'
            when (places.latitude, places.longitude) = (chosen.latitude, chosen.longitude)
                then 'untouched'
            else 'kept'
        end as outcome
    from places
    left join chosen
        on places.id = chosen.id
),

updated as (
    update aspen.locations
    set latitude = outcomes.latitude, longitude = outcomes.longitude
    from outcomes
    where locations.id = outcomes.id and outcomes.outcome = 'set'
)

select
    outcomes.outcome,
    outcomes.level,
    outcomes.name,
    outcomes.numbers
from outcomes
where outcomes.outcome <> 'untouched'
union all
select
    'unused' as outcome,
    lines.level,
    null as name,
    array[lines.number] as numbers
from lines
where
    not exists (
        select
        from matches
        where matches.number = lines.number
    )
order by outcome, level, name, numbers;

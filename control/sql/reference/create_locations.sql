-- Create missing locations with their divisions and countries: a location is found by its names and
-- coloured by its distance on every level. An existing location stays, however it is written
-- (internal.place_path). Coordinates are loaded separately (control load coordinates). Rows are
-- inserted in one fixed order, so that two imports of the same new locations cannot deadlock.
with given as (
    select
        places.region,
        places.country,
        places.division,
        places.location
    from unnest(%(regions)s::text[], %(countries)s::text[], %(divisions)s::text[], %(locations)s::text[])
        as places(region, country, division, location)
),

levels as (
    select given.region, given.country, given.division, given.location
    from given
    union
    select given.region, given.country, given.division, null
    from given
    where given.location is not null
    union
    select given.region, given.country, null, null
    from given
    where given.division is not null
),

keyed as (
    select
        levels.*,
        lower(internal.tidy_name(levels.region)) as region_key,
        internal.place_path(levels.country, levels.division, levels.location) as path_key
    from levels
)

insert into aspen.locations (region, country, division, location)
select keyed.region, keyed.country, keyed.division, keyed.location
from keyed
where not exists (
    select
    from aspen.locations as locations
    where locations.region_key = keyed.region_key and locations.path_key = keyed.path_key
)
-- Parents first, because their children take over the spelling.
order by
    keyed.region_key collate "C", keyed.path_key collate "C",
    keyed.region, keyed.country, keyed.division, keyed.location
on conflict do nothing;

-- Find the ids of locations by their names, and lock them until the transaction ends, so that none
-- is deleted before it is used.
select
    locations.id,
    places.region,
    places.country,
    places.division,
    places.location
from aspen.locations as locations
inner join
    unnest(%(regions)s::text[], %(countries)s::text[], %(divisions)s::text[], %(locations)s::text[])
        as places (region, country, division, location)
    on
        locations.region_key = lower(internal.tidy_name(places.region))
        and locations.path_key
        = internal.place_path(places.country, places.division, places.location)
for key share of locations;

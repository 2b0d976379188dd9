-- The ids of places, held until the transaction ends, so that none is deleted meanwhile. Compared as
-- texts, because "is not distinct from" can use neither an index nor a hash; no name of a place is
-- empty (locations_names_are_not_empty_check).
select locations.id, locations.region, locations.country, locations.division, locations.location
from aspen.locations as locations
inner join unnest(%(regions)s::text[], %(countries)s::text[], %(divisions)s::text[], %(locations)s::text[])
    as places(region, country, division, location)
    on
        places.region = locations.region
        and coalesce(places.country, '') = coalesce(locations.country, '')
        and coalesce(places.division, '') = coalesce(locations.division, '')
        and coalesce(places.location, '') = coalesce(locations.location, '')
for key share of locations;

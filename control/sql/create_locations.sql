-- Makes the places that do not exist yet, in the order given. Coordinates are loaded apart (control load coordinates).
insert into aspen.locations (region, country, division, location)
select places.region, places.country, places.division, places.location
from unnest(%(regions)s::text[], %(countries)s::text[], %(divisions)s::text[], %(locations)s::text[])
    as places(region, country, division, location)
on conflict do nothing;

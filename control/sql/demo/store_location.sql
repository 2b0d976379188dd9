-- Store a location of the outbreak; existing coordinates stay.
insert into aspen.locations (region, country, division, location, latitude, longitude)
values (
    %(region)s, %(country)s, %(division)s, %(location)s, %(latitude)s, %(longitude)s
)
on conflict (region, country, division, location) do update
    set
        latitude = excluded.latitude,
        longitude = excluded.longitude
    where locations.latitude is null;

-- A location of the outbreak; coordinates that are there already stay.
insert into aspen.locations (region, country, division, location, latitude, longitude)
values (
    %(region)s, %(country)s, %(division)s, %(location)s, %(latitude)s, %(longitude)s
)
on conflict (region, country, division, location) do update
    set
        latitude = excluded.latitude,
        longitude = excluded.longitude
    where locations.latitude is null;

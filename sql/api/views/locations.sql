create or replace view api.locations
with (security_invoker = true)
as
select
    locations.id,
    locations.region,
    locations.country,
    locations.division,
    locations.location,
    locations.latitude,
    locations.longitude
from aspen.locations as locations;

comment on view api.locations is $$Locations where samples are collected

A location has four levels: region, country, division and location, each inside the one before. Deeper
levels are null for a whole division, country or region. Names that differ only in case, white space or
Unicode form are the same name, so each location has one row. Names are stored without leading and
trailing white space and in Unicode form NFC; a new location takes the spelling of the locations that
contain it. For a whole list down to a level, filter by division=is.null; search_locations finds a
location by its name. Every signed-in user reads locations; operators write them, and a batch of samples
creates those that it names. Errors: 400 invalid_value, 400 23514 if a value
breaks the rule of its column, 400 23001 or 409 23503 if samples are of a location that is deleted; 409
23505 if the location exists.$$;

comment on column api.locations.id is 'Identifier of the row';
comment on column api.locations.region is 'Continent or similar: Europe, North America';
comment on column api.locations.country is 'Country; null for a whole region';
comment on column api.locations.division is 'State or province; null for a whole country';
comment on column api.locations.location is 'County or city; null for a whole division';
comment on column api.locations.latitude is 'Degrees north, -90 to 90; null if unknown';
comment on column api.locations.longitude is 'Degrees east, -180 to 180; null if unknown';

grant select on api.locations to member;
grant insert, update, delete on api.locations to operator;

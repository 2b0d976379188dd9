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

comment on view api.locations is $$Places that samples come from

Four levels, each within the one before; the deeper ones are null for a whole division, country or
region. A place has one row: names that differ in case, blanks or form of Unicode are the same. They
are kept without blanks around them and with accents in one piece (NFC), and a new place is spelt as
those that it is in. Every signed-in user reads; operators write. Errors: 409 23505 for a place that
is there.$$;

comment on column api.locations.id is 'Key';
comment on column api.locations.region is 'Continent or similar: Europe, North America';
comment on column api.locations.country is 'Country; null for a whole region';
comment on column api.locations.division is 'State or province; null for a whole country';
comment on column api.locations.location is 'County or city; null for a whole division';
comment on column api.locations.latitude is 'Degrees north, -90 to 90; null if unknown';
comment on column api.locations.longitude is 'Degrees east, -180 to 180; null if unknown';

grant select on api.locations to member;
grant insert, update, delete on api.locations to operator;

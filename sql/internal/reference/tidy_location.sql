-- A new location takes the spelling of the location that contains it, so that Geneva in
-- "switzerland" is in the Switzerland that exists, and the spelling of itself, so that an upsert
-- finds it. A location that is changed keeps the new spelling: that is how operators correct one.
-- definer because API roles may not name the table.
create or replace function internal.tidy_location()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
-- The plan may be kept from when the table was empty, and then it would read all of it.
set enable_seqscan = 'off'
as $$
declare
    known aspen.locations;
    path text;
begin
    new.region := internal.tidy_name(new.region);
    new.country := internal.tidy_name(new.country);
    new.division := internal.tidy_name(new.division);
    new.location := internal.tidy_name(new.location);
    if tg_op = 'UPDATE' then
        return new;
    end if;

    -- One level at a time, each by the whole unique key: for several at once the planner uses only the
    -- region.
    foreach path in array array[
        internal.place_path(new.country, new.division, new.location),
        internal.place_path(new.country, new.division, null),
        internal.place_path(new.country, null, null)
    ] loop
        select places.* into known
        from aspen.locations as places
        where places.region_key = lower(new.region) and places.path_key = path;
        exit when known.id is not null;
    end loop;
    if known.id is null then
        select places.region into known.region
        from aspen.locations as places
        where places.region_key = lower(new.region)
        limit 1;
    end if;
    new.region := coalesce(known.region, new.region);
    new.country := coalesce(known.country, new.country);
    new.division := coalesce(known.division, new.division);
    new.location := coalesce(known.location, new.location);
    return new;
end
$$;

comment on function internal.tidy_location() is $$Trigger: tidy the names of a location

A new location is spelt like the one that exists, or like those that contain it.$$;

revoke all on function internal.tidy_location() from public;

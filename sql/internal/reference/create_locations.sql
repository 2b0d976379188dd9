-- A location is found by its names and coloured by its distance on every level, hence its division
-- and country are made with it. Coordinates are loaded separately (control load coordinates).
create or replace function internal.create_locations(
    regions text[], countries text[], divisions text[], locations text[]
)
returns bigint
language sql
volatile
security invoker
set search_path = ''
as $$
    with given as materialized (
        select
            named.region,
            named.country,
            named.division,
            named.location
        from unnest(regions, countries, divisions, locations)
            as named(region, country, division, location)
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
    ),

    created as (
        insert into aspen.locations (region, country, division, location)
        select keyed.region, keyed.country, keyed.division, keyed.location
        from keyed
        where not exists (
            select
            from aspen.locations as places
            where places.region_key = keyed.region_key and places.path_key = keyed.path_key
        )
        -- Parents first, because their children take over the spelling; in one order, so that two
        -- who name the same new locations cannot deadlock.
        order by
            keyed.region_key collate "C", keyed.path_key collate "C",
            keyed.region, keyed.country, keyed.division, keyed.location
        on conflict do nothing
        returning id
    )

    select count(*) from created;
$$;

comment on function internal.create_locations(text[], text[], text[], text[]) is
$$Create missing locations, with the places that contain them

regions, countries, divisions, locations: names, one location at each position; null where a location
has no such level. An existing location stays, however it is written (internal.place_path). Returns how
many were made.$$;

revoke all on function internal.create_locations(text[], text[], text[], text[]) from public;
grant execute on function internal.create_locations(text[], text[], text[], text[])
to api_writer, control;

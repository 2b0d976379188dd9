-- Create the missing locations of a pathogen's public sequences, with their divisions and countries,
-- as create_locations.sql does for names in a file. A name that locations do not accept, and what is
-- below it, is left out; so is a sequence without region or country.
with published as materialized (
    select distinct sequences.region, sequences.country, sequences.division, sequences.location
    from aspen.public_sequences as sequences
    where sequences.pathogen_id = %(pathogen_id)s
),

cut as (
    select
        published.region,
        published.country,
        case when internal.is_name(published.division) then published.division end as division,
        case when internal.is_name(published.division) and internal.is_name(published.location)
            then published.location end as location
    from published
    where internal.is_name(published.region) and internal.is_name(published.country)
),

levels as (
    select cut.region, cut.country, cut.division, cut.location
    from cut
    union
    select cut.region, cut.country, cut.division, null
    from cut
    union
    select cut.region, cut.country, null, null
    from cut
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

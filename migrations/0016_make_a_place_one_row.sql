-- Makes one row of the places whose names are the same.
-- depends: 0015_tie_results_to_sequences
--
-- Switzerland and switzerland, Genève in one form of Unicode and in the other, are one place each:
-- rows that are the same become one, and only one can be made from now on. A place's country and
-- division have rows of their own, which colours by distance need. Trees can name inner nodes.

-- Each place as it is to be called, with the oldest row that is the same.
create table aspen.same_places (
    id bigint primary key,
    latitude double precision,
    longitude double precision,
    region text,
    country text,
    division text,
    location text,
    kept_id bigint,
    kept_latitude double precision,
    kept_longitude double precision
);

-- Role control sees every row; the owner is under row-level security itself.
set local role none;

insert into aspen.same_places
with tidied as (
    select
        locations.id,
        locations.latitude,
        locations.longitude,
        normalize(btrim(regexp_replace(
            locations.region, '[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+', ' ', 'g'
        ))) as region,
        normalize(btrim(regexp_replace(
            locations.country, '[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+', ' ', 'g'
        ))) as country,
        normalize(btrim(regexp_replace(
            locations.division, '[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+', ' ', 'g'
        ))) as division,
        normalize(btrim(regexp_replace(
            locations.location, '[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+', ' ', 'g'
        ))) as location
    from aspen.locations as locations
)

select
    tidied.*,
    min(tidied.id) over same as kept_id,
    first_value(tidied.latitude) over located as kept_latitude,
    first_value(tidied.longitude) over located as kept_longitude
from tidied
window
    same as (
        partition by
            lower(tidied.region), lower(tidied.country), lower(tidied.division),
            lower(tidied.location)
    ),
    -- Those of the oldest row that has any.
    located as (same order by tidied.latitude is null, tidied.id);

-- Whoever runs the migration reads which rows became one.
do $$
declare
    same record;
begin
    for same in
        select
            merged.id,
            merged.kept_id,
            concat_ws(' / ', merged.region, merged.country, merged.division, merged.location)
                as merged_name,
            concat_ws(' / ', kept.region, kept.country, kept.division, kept.location) as kept_name,
            case
                when
                    (merged.latitude, merged.longitude)
                    is distinct from (merged.kept_latitude, merged.kept_longitude)
                    and merged.latitude is not null
                    then format(', not its coordinates %s, %s', merged.latitude, merged.longitude)
                else ''
            end as not_kept
        from aspen.same_places as merged
        inner join aspen.same_places as kept on merged.kept_id = kept.id
        where merged.id <> merged.kept_id
        order by merged.kept_id, merged.id
    loop
        raise warning
            'location % (%) is the same as % (%): samples, groups and runs keep that one%',
            same.id, same.merged_name, same.kept_id, same.kept_name, same.not_kept;
    end loop;
end
$$;

update aspen.samples
set location_id = places.kept_id
from aspen.same_places as places
where samples.location_id = places.id and places.id <> places.kept_id;

update aspen.groups
set default_tree_location_id = places.kept_id
from aspen.same_places as places
where groups.default_tree_location_id = places.id and places.id <> places.kept_id;

update aspen.jobs
set template_args = jsonb_set(jobs.template_args, '{location_id}', to_jsonb(places.kept_id))
from aspen.same_places as places
where jobs.template_args ->> 'location_id' = places.id::text and places.id <> places.kept_id;

update aspen.job_schedules
set
    template_args = jsonb_set(
        job_schedules.template_args, '{location_id}', to_jsonb(places.kept_id)
    )
from aspen.same_places as places
where
    job_schedules.template_args ->> 'location_id' = places.id::text
    and places.id <> places.kept_id;

delete from aspen.locations
using aspen.same_places as places
where locations.id = places.id and places.id <> places.kept_id;

update aspen.locations
set
    region = places.region,
    country = places.country,
    division = places.division,
    location = places.location,
    latitude = places.kept_latitude,
    longitude = places.kept_longitude
from aspen.same_places as places
where
    locations.id = places.id
    and (
        locations.region, locations.country, locations.division, locations.location,
        locations.latitude, locations.longitude
    ) is distinct from (
        places.region, places.country, places.division, places.location,
        places.kept_latitude, places.kept_longitude
    );

-- One spelling of what places are in: that of its own row, else the most frequent.
update aspen.locations
set region = spelt.region
from (
    select
        lower(locations.region) as region_key,
        mode() within group (order by locations.region) as region
    from aspen.locations as locations
    group by lower(locations.region)
) as spelt
where lower(locations.region) = spelt.region_key and locations.region <> spelt.region;

update aspen.locations
set country = spelt.country
from (
    select
        locations.region,
        lower(locations.country) as country_key,
        coalesce(
            min(locations.country) filter (where locations.division is null),
            mode() within group (order by locations.country)
        ) as country
    from aspen.locations as locations
    group by locations.region, lower(locations.country)
) as spelt
where
    locations.region = spelt.region
    and lower(locations.country) = spelt.country_key
    and locations.country <> spelt.country;

update aspen.locations
set division = spelt.division
from (
    select
        locations.region,
        locations.country,
        lower(locations.division) as division_key,
        coalesce(
            min(locations.division) filter (where locations.location is null),
            mode() within group (order by locations.division)
        ) as division
    from aspen.locations as locations
    group by locations.region, locations.country, lower(locations.division)
) as spelt
where
    locations.region = spelt.region
    and locations.country = spelt.country
    and lower(locations.division) = spelt.division_key
    and locations.division <> spelt.division;

insert into aspen.locations (region, country)
select distinct
    locations.region,
    locations.country
from aspen.locations as locations
where locations.division is not null
order by locations.region, locations.country
on conflict do nothing;

insert into aspen.locations (region, country, division)
select distinct
    locations.region,
    locations.country,
    locations.division
from aspen.locations as locations
where locations.location is not null
order by locations.region, locations.country, locations.division
on conflict do nothing;

set local role aspen_owner;

-- squawk-ignore ban-drop-table
drop table aspen.same_places;

-- There are some ten thousand places at most.
alter table aspen.locations
-- squawk-ignore adding-field-with-default
add column region_key text generated always as (lower(region)) stored,
-- squawk-ignore adding-field-with-default
add column path_key text generated always as (
    lower(
        coalesce(country, '')
        || chr(31) || coalesce(division, '')
        || chr(31) || coalesce(location, '')
    )
) stored,
-- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid
add constraint locations_region_key_path_key_key unique (region_key, path_key),
-- squawk-ignore constraint-missing-not-valid
add constraint locations_names_are_tidy_check check (
    region = normalize(region)
    and country = normalize(country)
    and division = normalize(division)
    and location = normalize(location)
    and region !~ '  |[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]'
    and country !~ '  |[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]'
    and division !~ '  |[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]'
    and location !~ '  |[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]'
);

-- squawk-ignore require-concurrent-index-creation
create index locations_path_key_idx on aspen.locations (path_key);

comment on column aspen.locations.region_key is 'The region in lower case';
comment on column aspen.locations.path_key is
'Country, division and location in lower case, U+001F between them: the same in a region is one place';

alter table aspen.phylo_trees
add column linked_node_count integer not null default 0,
-- squawk-ignore constraint-missing-not-valid
add constraint phylo_trees_linked_node_count_is_not_negative_check check (linked_node_count >= 0);

alter table aspen.phylo_tree_tips
add column is_tip boolean not null default true;

comment on column aspen.phylo_trees.places is
$$Distinct places of node_attrs: {"country": […], "division": […], "location": […]}

Each is the list of its names from the country down, ["Spain", "Andalusia"], null where the node does
not tell. A bare name, as trees have that were registered before, tells no parents.$$;
comment on column aspen.phylo_trees.lead_text is 'The text of "tree" before the first name in phylo_tree_tips';
comment on column aspen.phylo_trees.linked_node_count is
'Inner nodes that bear the identifier of a sample; they have rows in phylo_tree_tips, too';
comment on column aspen.phylo_tree_tips.segment is
'The text of "tree" from this name, its first value, up to the name in the next row';
comment on column aspen.phylo_tree_tips.is_tip is
'False for an inner node that bears the identifier of a sample';

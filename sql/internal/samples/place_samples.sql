-- A batch that is rejected takes its new locations back. Runs only for batches that name one,
-- because it reads all entries.
create or replace function internal.place_samples(inputs internal.sample_input[])
returns internal.sample_input[]
language plpgsql
volatile
security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    levels text[] := '{region,country,division,location}';
    place_ids jsonb;
begin
    if not exists (select from unnest(inputs) as input where input.cells ?| levels) then
        return inputs;
    end if;
    inputs := array(
        select row(
            input.row_number, input.outcome, input.sample,
            -- Blank names are absent.
            case when named.has_names then input.cells else input.cells - levels end,
            case when found.problems is null then input.problems
                else coalesce(input.problems, '[]') || found.problems end,
            input.has_sequence
        )::internal.sample_input
        from unnest(inputs) as input
        cross join lateral (
            select
                input.cells ->> 'region' as region, input.cells ->> 'country' as country,
                input.cells ->> 'division' as division, input.cells ->> 'location' as location,
                coalesce(input.cells ->> 'region', input.cells ->> 'country',
                    input.cells ->> 'division', input.cells ->> 'location') is not null as has_names
            offset 0
        ) as named
        cross join lateral (
            select jsonb_agg(jsonb_build_object(
                'field', checks.field, 'value', left(checks.value, 200), 'reason', checks.reason
            )) as problems
            from (
                values
                    ('region', named.region, case
                        when named.region is null then 'is required with a country'
                        else internal.name_problem(internal.tidy_name(named.region))
                    end),
                    ('country', named.country, case
                        when named.country is null and named.division is not null
                            then 'is required with a division'
                        else internal.name_problem(internal.tidy_name(named.country))
                    end),
                    ('division', named.division, case
                        when named.division is null and named.location is not null
                            then 'is required with a location'
                        else internal.name_problem(internal.tidy_name(named.division))
                    end),
                    ('location', named.location,
                        internal.name_problem(internal.tidy_name(named.location))),
                    ('location_id', input.cells ->> 'location_id', case
                        when input.cells ->> 'location_id' is not null
                            then 'cannot be given together with names of the location'
                    end)
            ) as checks(field, value, reason)
            where named.has_names and checks.reason is not null
        ) as found
        order by input.row_number
    );

    perform internal.create_locations(
        array_agg(given.region), array_agg(given.country),
        array_agg(given.division), array_agg(given.location)
    )
    from (
        select distinct
            input.cells ->> 'region' as region, input.cells ->> 'country' as country,
            input.cells ->> 'division' as division, input.cells ->> 'location' as location
        from unnest(inputs) as input
        where input.outcome in ('created', 'updated')
            and input.problems is null
            and input.cells ->> 'region' is not null
    ) as given;

    select jsonb_object_agg(keyed.key, locations.id) into place_ids
    from (
        select distinct
            lower(internal.tidy_name(input.cells ->> 'region')) as region_key,
            internal.place_path(input.cells ->> 'country', input.cells ->> 'division',
                input.cells ->> 'location') as path_key,
            concat_ws(chr(31), input.cells ->> 'region', input.cells ->> 'country',
                input.cells ->> 'division', input.cells ->> 'location') as key
        from unnest(inputs) as input
        where input.outcome in ('created', 'updated')
            and input.problems is null
            and input.cells ->> 'region' is not null
    ) as keyed
    cross join lateral (
        select places.id
        from aspen.locations as places
        where places.region_key = keyed.region_key and places.path_key = keyed.path_key
        offset 0
    ) as locations;
    return array(
        select case
            when known.id is null then input
            else row(
                input.row_number, input.outcome,
                jsonb_populate_record(input.sample, jsonb_build_object('location_id', known.id)),
                input.cells || jsonb_build_object('location_id', known.id),
                input.problems, input.has_sequence
            )::internal.sample_input
        end
        from unnest(inputs) as input
        cross join lateral (
            select case when input.problems is null then (place_ids ->> concat_ws(chr(31),
                input.cells ->> 'region', input.cells ->> 'country', input.cells ->> 'division',
                input.cells ->> 'location'))::bigint end as id
            offset 0
        ) as known
        order by input.row_number
    );
end
$$;

comment on function internal.place_samples(internal.sample_input[]) is
$$The entries of a batch with the locations that they name

Finds each location by its names, or creates it with the division and country that contain it. Adds to
problems what is wrong with names.$$;

revoke all on function internal.place_samples(internal.sample_input[]) from public;
grant execute on function internal.place_samples(internal.sample_input[]) to api_writer;

-- Row-level security of api_writer decides what is found, so what is missing and what is out of
-- sight are the same answer.
create or replace function internal.chosen_samples(choice jsonb)
returns table (identifier text, reason text, sample_id bigint)
language plpgsql
stable
security invoker
rows 1000
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
#variable_conflict use_column
declare
    only_pathogen_id bigint := (internal.pathogen_of(internal.trimmed(choice ->> 'pathogen'))).id;
    only_group_id bigint := (choice ->> 'group_id')::bigint;
    names text[] := internal.parse_words_list((choice -> 'samples')::json);
    wanted_lineages text[] := internal.parse_words_list((choice -> 'lineages')::json);
    place_id bigint := (choice ->> 'location_id')::bigint;
    collected_from date := internal.parse_date(internal.trimmed(choice ->> 'collected_from'));
    collected_to date := internal.parse_date(internal.trimmed(choice ->> 'collected_to'));
    uploaded_from date := internal.parse_date(internal.trimmed(choice ->> 'uploaded_from'));
    uploaded_to date := internal.parse_date(internal.trimmed(choice ->> 'uploaded_to'));
    place_ids bigint[];
    problems json;
begin
    select array_agg(inner_places.id) into place_ids
    from aspen.locations as places
    inner join aspen.locations as inner_places
        on inner_places.region = places.region
        and (places.country is null or inner_places.country = places.country)
        and (places.division is null or inner_places.division = places.division)
        and (places.location is null or inner_places.location = places.location)
    where places.id = place_id;

    select json_agg(json_build_object('field', found.field, 'value',
        left(choice ->> found.field, 200), 'reason', found.reason))
    into problems
    from (
        select 'samples' as field, case
            when jsonb_typeof(choice -> 'samples') = 'null' then null
            when names is null or array_position(names, null) is not null
                then 'must be an array of identifiers without null'
            when cardinality(names) > 20000 then 'must be at most 20,000 identifiers'
        end as reason
        union all
        select 'lineages', case
            when jsonb_typeof(choice -> 'lineages') = 'null' then null
            when wanted_lineages is null or array_position(wanted_lineages, null) is not null
                then 'must be an array of lineage names without null'
            when cardinality(wanted_lineages) > 1000 then 'must be at most 1,000 names'
        end
        union all
        select 'location_id', case
            when place_id is not null and place_ids is null then 'must be the id of a location'
        end
        union all
        select days.field, 'must be a day, YYYY-MM-DD'
        from (
            values ('collected_from', collected_from), ('collected_to', collected_to),
                ('uploaded_from', uploaded_from), ('uploaded_to', uploaded_to)
        ) as days(field, day)
        where choice ->> days.field is not null and days.day is null
        union all
        select filters.field, 'cannot be combined with samples'
        from (
            values ('lineages'), ('location_id'), ('collected_from'), ('collected_to'),
                ('uploaded_from'), ('uploaded_to')
        ) as filters(field)
        where choice ->> 'samples' is not null and choice ->> filters.field is not null
    ) as found
    where found.reason is not null;
    if problems is not null then
        perform internal.fail(400, 'invalid_argument', 'The samples are not chosen in a valid way',
            problems::text);
    end if;

    if names is not null then
        return query
        with matched as materialized (
            select matches.identifier, matches.sample_id,
                count(*) over (partition by matches.identifier) as candidates
            from internal.match_identifiers(
                only_group_id, only_pathogen_id, names,
                authz.any_groups(), authz.full_groups(), authz.full_groups()
            ) as matches
        ),

        given as (
            select distinct given.identifier from unnest(names) as given(identifier)
        )

        select distinct
            given.identifier,
            case
                when matched.sample_id is null then 'unknown'
                when matched.candidates > 1 then 'ambiguous'
                when sequences.sample_id is null then 'no_sequence'
            end,
            case when matched.candidates = 1 then matched.sample_id end
        from given
        left join matched on given.identifier = matched.identifier
        left join aspen.sequences as sequences on matched.sample_id = sequences.sample_id;
        return;
    end if;

    return query
    select
        samples.public_identifier::text,
        case when sequences.sample_id is null then 'no_sequence' end,
        samples.id
    from aspen.samples as samples
    left join aspen.sequences as sequences
        on samples.group_id = sequences.group_id and samples.id = sequences.sample_id
    where samples.pathogen_id = only_pathogen_id
        and (only_group_id is null or samples.group_id = only_group_id)
        and (place_ids is null or samples.location_id = any(place_ids))
        and (collected_from is null or samples.collection_date >= collected_from)
        and (collected_to is null or samples.collection_date <= collected_to)
        and (uploaded_from is null
            or samples.created_at >= uploaded_from::timestamp at time zone 'UTC')
        and (uploaded_to is null
            or samples.created_at < (uploaded_to + 1)::timestamp at time zone 'UTC')
        and (wanted_lineages is null or exists (
            select
            from aspen.sample_lineages as called
            cross join unnest(wanted_lineages) as wanted(lineage)
            where called.group_id = samples.group_id
                and called.sample_id = samples.id
                and (called.lineage = wanted.lineage
                    or starts_with(called.lineage, wanted.lineage || '.'))
        ));
end
$$;

comment on function internal.chosen_samples(jsonb) is $$The samples that a download is about

choice: the arguments of api.export_sequences by name. One row for each identifier, or for each
sample of a filter; reason is null, or says why the sequence cannot be read: unknown, ambiguous or
no_sequence.$$;

revoke all on function internal.chosen_samples(jsonb) from public;
grant execute on function internal.chosen_samples(jsonb) to api_writer;

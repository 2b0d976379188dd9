-- Row-level security of api_writer decides what is found, so what is missing and what is out of
-- sight are the same answer.
create or replace function internal.chosen_samples(choice jsonb, download text)
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
    stems text[];
    wanted_lineages text[] := internal.parse_words_list((choice -> 'lineages')::json);
    place_id bigint := (choice ->> 'location_id')::bigint;
    collected_from date := internal.parse_date(internal.trimmed(choice ->> 'collected_from'));
    collected_to date := internal.parse_date(internal.trimmed(choice ->> 'collected_to'));
    uploaded_from date := internal.parse_date(internal.trimmed(choice ->> 'uploaded_from'));
    uploaded_to date := internal.parse_date(internal.trimmed(choice ->> 'uploaded_to'));
    place_ids bigint[];
    problems json;
    reading_sequences boolean := chosen_samples.download = 'export_sequences';
    reading_metrics boolean := chosen_samples.download = 'export_qc_metrics';
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
            -- Below nothing is every lineage, which nobody means by an empty cell.
            when '' = any(wanted_lineages) then 'must not hold a blank name'
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
            select matches.identifier, matches.sample_group_id, matches.sample_id,
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
                when reading_sequences and sequences.sample_id is null then 'no_sequence'
                when reading_metrics and metrics.sample_id is null then 'no_qc_metrics'
            end,
            case when matched.candidates = 1 then matched.sample_id end
        from given
        left join matched on given.identifier = matched.identifier
        left join aspen.sequences as sequences
            on reading_sequences and matched.sample_id = sequences.sample_id
        left join aspen.sample_qc_metrics as metrics
            on reading_metrics
            and matched.sample_group_id = metrics.group_id
            and matched.sample_id = metrics.sample_id
            and metrics.qc_caller = 'NEXTCLADE';
        return;
    end if;

    -- What api.lineage_filters lists: an alias stands for its patterns, the text after a space is a
    -- label. BA.1* is here what BA.1 is, because each name includes the lineages below it.
    select array_agg(distinct regexp_replace(
        split_part(coalesce(patterns.pattern, given.name), ' ', 1), '\*$', ''))
    into stems
    from unnest(wanted_lineages) as given(name)
    left join aspen.lineage_aliases as aliases
        on aliases.pathogen_id = only_pathogen_id and lower(aliases.alias) = lower(given.name)
    left join lateral unnest(aliases.patterns) as patterns(pattern) on true;

    return query
    select
        samples.public_identifier::text,
        case
            when reading_sequences and sequences.sample_id is null then 'no_sequence'
            when reading_metrics and metrics.sample_id is null then 'no_qc_metrics'
        end,
        samples.id
    from aspen.samples as samples
    left join aspen.sequences as sequences
        on reading_sequences
        and samples.group_id = sequences.group_id and samples.id = sequences.sample_id
    left join aspen.sample_qc_metrics as metrics
        on reading_metrics
        and samples.group_id = metrics.group_id and samples.id = metrics.sample_id
        and metrics.qc_caller = 'NEXTCLADE'
    where samples.pathogen_id = only_pathogen_id
        -- What row-level security says too, but so that an index on the group is used.
        and samples.group_id = any(authz.any_groups())
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
            cross join unnest(stems) as wanted(stem)
            where called.group_id = samples.group_id
                and called.sample_id = samples.id
                and (wanted.stem in ('', called.lineage)
                    or starts_with(called.lineage, wanted.stem || '.'))
        ));
end
$$;

comment on function internal.chosen_samples(jsonb, text) is $$The samples that a download is about

choice: the arguments of the download by name, as api.export_sequences has them. download: the name
of its function. One row for each identifier, or for each sample of a filter; reason is null, or says
why the file lacks it: unknown, ambiguous, no_sequence (export_sequences) or no_qc_metrics
(export_qc_metrics).$$;

revoke all on function internal.chosen_samples(jsonb, text) from public;
grant execute on function internal.chosen_samples(jsonb, text) to api_writer;

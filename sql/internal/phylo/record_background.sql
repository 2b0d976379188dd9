-- At most 20,000 samples, the newest: ten times what any tree takes of them, and claim_job_inputs
-- answers with all of them at once. Looks up by key (`offset 0`) and in a hash (`not in`), because
-- a join of tables that were never analysed compares every sample with every other.
create or replace function internal.record_background(job_id bigint)
returns bigint
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
declare
    most constant integer := 20000;
    run aspen.jobs;
    filters jsonb;
    place aspen.locations;
    first_day date;
    last_day date;
    lineages text[];
    places bigint[];
    sample_ids bigint[];
    matching_count bigint;
    data_set_id bigint;
begin
    select jobs.* into run from aspen.jobs as jobs where jobs.id = record_background.job_id;
    first_day := internal.parse_date(run.template_args ->> 'filter_start_date');
    last_day := internal.parse_date(run.template_args ->> 'filter_end_date');
    if jsonb_array_length(run.template_args -> 'filter_pango_lineages') > 0 then
        lineages := array(
            select expanded.lineage
            from internal.expanded_lineages(
                run.pathogen_id,
                array(select jsonb_array_elements_text(run.template_args -> 'filter_pango_lineages'))
            ) as expanded
        );
    end if;
    select locations.* into place
    from aspen.groups as groups
    inner join aspen.locations as locations
        on
            coalesce(
                (run.template_args ->> 'location_id')::bigint, groups.default_tree_location_id
            ) = locations.id
    where groups.id = run.group_id;
    if run.template_args ? 'location_id' then
        places := array(
            select within.id
            from aspen.locations as within
            where
                within.region = place.region
                and (place.country is null or within.country = place.country)
                and (place.division is null or within.division = place.division)
                and (place.location is null or within.location = place.location)
        );
    end if;

    with matching as materialized (
        select samples.id, samples.collection_date
        from aspen.samples as samples
        where
            samples.group_id = run.group_id
            and samples.pathogen_id = run.pathogen_id
            and (first_day is null or samples.collection_date >= first_day)
            and (last_day is null or samples.collection_date <= last_day)
            and (places is null or samples.location_id = any(places))
            and (
                lineages is null
                or exists (
                    select
                    from aspen.sample_lineages as called
                    where
                        called.group_id = samples.group_id
                        and called.sample_id = samples.id
                        and called.lineage = any(lineages)
                )
            )
            and exists (
                select
                from aspen.sequences as sequences
                where sequences.group_id = samples.group_id and sequences.sample_id = samples.id
                offset 0
            )
            and samples.id not in (
                select chosen.sample_id
                from aspen.job_samples as chosen
                where
                    chosen.group_id = run.group_id
                    and chosen.job_id = run.id
                    and chosen.sample_id is not null
            )
    ),

    newest as (
        select matching.id
        from matching
        order by matching.collection_date desc, matching.id desc
        limit most
    )

    select
        coalesce(array_agg(newest.id order by newest.id), '{}'),
        (select count(*) from matching)
    into sample_ids, matching_count
    from newest;

    if run.tree_type <> 'NON_CONTEXTUALIZED' and run.contextual_repository_id is not null then
        select data_sets.id into data_set_id
        from internal.latest_aligned(run.pathogen_id, run.contextual_repository_id) as data_sets;
        if data_set_id is null then
            perform internal.fail(400, 'data_set_missing',
                'There is no aligned data set to take the context from',
                json_build_object('tree_type', run.tree_type)::text,
                'Choose NON_CONTEXTUALIZED, or ask the operators to register one (repository_data).');
        end if;
    end if;

    filters := jsonb_strip_nulls(jsonb_build_object(
        'filter_start_date', first_day,
        'filter_end_date', last_day,
        'filter_pango_lineages', to_jsonb(lineages)
    ));
    if place.id is not null then
        filters := filters || jsonb_build_object('location', jsonb_build_object(
            'id', place.id,
            'region', place.region,
            'country', place.country,
            'division', place.division,
            'location', place.location
        ));
    end if;
    insert into aspen.job_backgrounds (
        group_id, job_id, sample_ids, left_out_count, resolved_template_args, repository_data_id
    )
    values (
        run.group_id, run.id, sample_ids, matching_count - cardinality(sample_ids), filters,
        data_set_id
    );
    return matching_count;
end
$$;

comment on function internal.record_background(bigint) is
$$Record what a new phylo run is made from besides what was chosen

The samples of its group and pathogen that have a sequence, match the filters of the run and were not
chosen; the newest aligned data set of the contextual repository, unless the tree has no context.
Returns how many match. Whoever calls it records what was chosen before.$$;

revoke all on function internal.record_background(bigint) from public;
grant execute on function internal.record_background(bigint) to api_writer;

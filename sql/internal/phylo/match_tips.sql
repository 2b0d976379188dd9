-- For the control plane, which sees every row: this function limits the look-up to what the group
-- of the run sees. Samples are found by constant arrays for the reason that
-- internal.match_identifiers gives.
create or replace function internal.match_tips(job_id bigint, names text[])
returns table (name text, sample_group_id bigint, sample_id bigint)
language plpgsql
stable
security invoker
rows 1000
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
set enable_nestloop = 'off'
as $$
#variable_conflict use_column
declare
    run aspen.jobs;
    any_groups bigint[];
    full_groups bigint[];
    input_names text[];
    input_ids bigint[];
    found_names text[];
    found_groups bigint[];
    found_ids bigint[];
begin
    select jobs.* into run from aspen.jobs as jobs where jobs.id = match_tips.job_id;
    select
        run.group_id || coalesce(array_agg(grants.group_id), '{}'),
        run.group_id || coalesce(
            array_agg(grants.group_id) filter (where grants.role in ('member', 'admin')), '{}')
    into any_groups, full_groups
    from aspen.group_grants as grants
    where grants.grantee_group_id = run.group_id
        and (grants.ends_at is null or grants.ends_at > now());

    select array_agg(inputs.public_identifier), array_agg(inputs.sample_id)
    into input_names, input_ids
    from aspen.job_samples as inputs
    where inputs.group_id = run.group_id and inputs.job_id = run.id;

    with spellings as materialized (
        select spelt.identifier, spelt.spelling, spelt.is_exact
        from internal.identifier_spellings(run.pathogen_id, match_tips.names) as spelt
    ),

    inputs as materialized (
        select named.name, named.sample_id
        from unnest(input_names, input_ids) as named(name, sample_id)
    ),

    named as (
        select
            spellings.identifier, inputs.sample_id, case when spellings.is_exact then 1 else 2 end
                as place
        from spellings
        inner join inputs on spellings.spelling = inputs.name
        union all
        -- A name whose slashes a tool wrote as _ may also have had a _ of its own. Only inputs are few
        -- enough to be compared in this form.
        select spellings.identifier, inputs.sample_id, 3
        from spellings
        inner join inputs on replace(spellings.spelling, '/', '_') = replace(inputs.name, '/', '_')
        where strpos(spellings.identifier, '/') = 0 and strpos(spellings.identifier, '_') > 0
    ),

    matches as (
        select
            named.identifier, samples.group_id, samples.id,
            case when samples.group_id <> run.group_id then 4 else named.place end as place
        from named
        inner join (
            select living.group_id, living.id
            from aspen.samples as living
            where living.id = any(input_ids) and living.pathogen_id = run.pathogen_id
        ) as samples on named.sample_id = samples.id
    ),

    placed as (
        select
            matches.*, min(matches.place) over (partition by matches.identifier) as first_place
        from matches
    )

    select array_agg(placed.identifier), array_agg(placed.group_id), array_agg(placed.id)
    into found_names, found_groups, found_ids
    from placed
    where placed.place = placed.first_place;

    return query
    select distinct found.name, found.group_id, found.id
    from unnest(found_names, found_groups, found_ids) as found(name, group_id, id)
    union all
    select others.identifier, others.sample_group_id, others.sample_id
    from internal.match_identifiers(
        run.group_id, run.pathogen_id,
        array(
            select given.name from unnest(match_tips.names) as given(name)
            except
            select found.name from unnest(found_names) as found(name)
        ),
        any_groups, full_groups, '{}'
    ) as others;
end
$$;

comment on function internal.match_tips(bigint, text[]) is
$$The samples that the names in a run's tree mean

An input of the run; for a name that no input has, a sample that the run's group may see. In both
cases the group's own samples come first. Spellings as in internal.identifier_spellings; an input is
also found where only some _ of the name stand for slashes. A name with more than one row is
ambiguous.$$;

revoke all on function internal.match_tips(bigint, text[]) from public;

-- Identifiers are unique within a group only, so a group that shows another group a sample can give
-- it any name: therefore the own samples of a group come first, and no choice is made between those
-- of others.
-- No plan may depend on estimates: a group has thousands of samples before their statistics exist,
-- and a nested loop would compare each with every identifier. So samples are found by constant
-- arrays, for which the planner uses hashing or the index, and joined by hashing.
create or replace function internal.match_identifiers(
    group_id bigint,
    pathogen_id bigint,
    identifiers text[],
    any_groups bigint[],
    full_groups bigint[],
    private_groups bigint[]
)
returns table (
    identifier text, sample_group_id bigint, sample_id bigint, public_identifier text
)
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
    names text[];
    spelt text[];
    exact boolean[];
begin
    select
        array_agg(spellings.identifier),
        array_agg(spellings.spelling),
        array_agg(spellings.is_exact)
    into names, spelt, exact
    from internal.identifier_spellings(match_identifiers.pathogen_id,
        match_identifiers.identifiers) as spellings;

    return query
    with spellings as materialized (
        select entries.name, entries.spelling, entries.is_exact
        from unnest(names, spelt, exact) as entries(name, spelling, is_exact)
    ),

    by_public as materialized (
        select samples.group_id, samples.id, samples.public_identifier
        from aspen.samples as samples
        where samples.public_identifier = any(spelt)
            and samples.group_id = any(match_identifiers.any_groups)
            and (
                samples.disclosed_at <= now()
                or samples.group_id = any(match_identifiers.full_groups)
            )
            and samples.pathogen_id = match_identifiers.pathogen_id
    ),

    by_private as materialized (
        select
            samples.group_id, samples.id, samples.public_identifier, samples.private_identifier
        from aspen.samples as samples
        where samples.private_identifier = any(match_identifiers.identifiers)
            and samples.group_id = any(match_identifiers.private_groups)
            and samples.pathogen_id = match_identifiers.pathogen_id
    ),

    matches as (
        select
            spellings.name, by_public.group_id, by_public.id, by_public.public_identifier,
            spellings.is_exact
        from by_public
        inner join spellings on by_public.public_identifier = spellings.spelling
        union all
        select
            spellings.name, by_private.group_id, by_private.id, by_private.public_identifier, true
        from by_private
        inner join spellings on by_private.private_identifier = spellings.spelling
        where spellings.is_exact
    ),

    ranked as (
        select
            matches.name, matches.group_id, matches.id, matches.public_identifier,
            case
                when matches.group_id <> match_identifiers.group_id then 3
                when matches.is_exact then 1
                else 2
            end as place
        from matches
    ),

    placed as (
        select
            ranked.*, min(ranked.place) over (partition by ranked.name) as first_place
        from ranked
    )

    select distinct placed.name, placed.group_id::bigint, placed.id, placed.public_identifier
    from placed
    where placed.place = placed.first_place;
end
$$;

comment on function internal.match_identifiers(
    bigint, bigint, text[], bigint[], bigint[], bigint[]
) is $$The samples that a group means by identifiers

group_id: the group whose samples come first, and of them those spelt exactly as given; the other
groups are searched only for what it has no sample of. any_groups: whose samples count; full_groups:
whose private and restricted samples count too; private_groups: whose private identifiers count. One row for each
candidate: an identifier with several is ambiguous, one without a row is unknown.$$;

revoke all on function internal.match_identifiers(
    bigint, bigint, text[], bigint[], bigint[], bigint[]
) from public;
grant execute on function internal.match_identifiers(
    bigint, bigint, text[], bigint[], bigint[], bigint[]
) to api_writer;

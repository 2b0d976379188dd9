-- Asks what internal.create_phylo_run asks, so that both know the same identifiers. How a sample
-- was found is looked up afterwards.
-- definer because only api_writer may look up identifiers; row-level security holds for it too.
create or replace function internal.validate_sample_identifiers(
    pathogen text,
    identifiers text[],
    group_id bigint
)
returns json
language plpgsql
stable
security definer
set search_path = ''
-- Plans must not depend on estimates: internal.match_identifiers says why.
set plan_cache_mode = 'force_custom_plan'
set enable_nestloop = 'off'
as $$
#variable_conflict use_column
declare
    pathogen_row aspen.pathogens;
    sample_names text[];
    sample_ids bigint[];
begin
    if validate_sample_identifiers.group_id is not null then
        perform authz.require_member(
            validate_sample_identifiers.group_id, 'You cannot see samples of this group', 'any');
    end if;
    pathogen_row := internal.pathogen_of(validate_sample_identifiers.pathogen);
    if validate_sample_identifiers.identifiers is null
        or array_position(validate_sample_identifiers.identifiers, null) is not null
    then
        perform internal.fail(400, 'invalid_argument',
            'identifiers must be an array of texts without null');
    end if;
    if cardinality(validate_sample_identifiers.identifiers) > 20000 then
        perform internal.fail(413, 'batch_too_large', 'A request has at most 20000 identifiers',
            json_build_object('identifiers', cardinality(identifiers))::text, 'Send them in parts.');
    end if;

    select array_agg(matches.identifier), array_agg(matches.sample_id)
    into sample_names, sample_ids
    from internal.match_identifiers(
        validate_sample_identifiers.group_id, pathogen_row.id,
        validate_sample_identifiers.identifiers,
        authz.any_groups(), authz.full_groups(), authz.full_groups()
    ) as matches;

    return (
        with given as materialized (
            select entries.identifier, min(entries.place) as place
            from unnest(validate_sample_identifiers.identifiers) with ordinality
                as entries(identifier, place)
            group by entries.identifier
        ),

        matched as materialized (
            select
                found.identifier, samples.group_id, samples.id, samples.public_identifier,
                case
                    when samples.public_identifier = found.identifier then 'public_identifier'
                    when samples.private_identifier = found.identifier
                        and samples.group_id = any(authz.full_groups()) then 'private_identifier'
                    else 'public_identifier'
                end as found_by
            from unnest(sample_names, sample_ids) as found(identifier, sample_id)
            inner join aspen.samples as samples on found.sample_id = samples.id
            where samples.id = any(sample_ids)
        ),

        by_sample as materialized (
            select
                matched.identifier, count(*) as candidates, min(matched.group_id) as group_id,
                min(matched.id) as sample_id, min(matched.public_identifier) as public_identifier,
                min(matched.found_by) as found_by,
                json_agg(json_build_object(
                    'group_id', matched.group_id, 'sample_id', matched.id,
                    'public_identifier', matched.public_identifier
                ) order by matched.group_id, matched.id) as samples
            from matched
            group by matched.identifier
        ),

        by_strain as materialized (
            select strains.identifier, min(strains.strain) as strain
            from internal.match_strains(pathogen_row.id,
                validate_sample_identifiers.identifiers) as strains
            group by strains.identifier
        ),

        accessions as materialized (
            select distinct public_sequences.accession
            from aspen.public_sequences as public_sequences
            where public_sequences.pathogen_id = pathogen_row.id
                and public_sequences.public_repository_id = pathogen_row.default_repository_id
                and public_sequences.accession = any(validate_sample_identifiers.identifiers)
        )

        select coalesce(json_agg(json_build_object(
            'identifier', given.identifier,
            'status', case
                when by_sample.candidates > 1 then 'ambiguous'
                when by_sample.candidates = 1 or by_strain.strain is not null then 'found'
                else 'unknown'
            end,
            'found_by', case
                when by_sample.candidates = 1 then by_sample.found_by
                when by_sample.candidates > 1 or by_strain.strain is null then null
                when accessions.accession is not null then 'accession'
                else 'strain'
            end,
            'group_id', case when by_sample.candidates = 1 then by_sample.group_id end,
            'sample_id', case when by_sample.candidates = 1 then by_sample.sample_id end,
            'public_identifier',
            case when by_sample.candidates = 1 then by_sample.public_identifier end,
            'strain', by_strain.strain,
            'candidates', case when by_sample.candidates > 1 then by_sample.samples end
        ) order by given.place), '[]')
        from given
        left join by_sample on given.identifier = by_sample.identifier
        left join by_strain on given.identifier = by_strain.identifier
        left join accessions on given.identifier = accessions.accession
    );
end
$$;

comment on function internal.validate_sample_identifiers(text, text[], bigint) is
'What identifiers stand for, as api_writer looks them up';

revoke all on function internal.validate_sample_identifiers(text, text[], bigint) from public;
grant execute on function internal.validate_sample_identifiers(text, text[], bigint) to member;

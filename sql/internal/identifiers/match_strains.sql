-- Strains are found by constant arrays for the reason that internal.match_identifiers gives.
create or replace function internal.match_strains(pathogen_id bigint, identifiers text[])
returns table (identifier text, public_repository_id bigint, strain text)
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
    repository_id bigint;
    names text[];
    spelt text[];
begin
    select pathogens.default_repository_id into repository_id
    from aspen.pathogens as pathogens
    where pathogens.id = match_strains.pathogen_id;

    select array_agg(spellings.identifier), array_agg(spellings.spelling)
    into names, spelt
    from internal.identifier_spellings(match_strains.pathogen_id, match_strains.identifiers)
        as spellings;

    return query
    with by_strain as materialized (
        select public_sequences.strain
        from aspen.public_sequences as public_sequences
        where public_sequences.pathogen_id = match_strains.pathogen_id
            and public_sequences.public_repository_id = repository_id
            and public_sequences.strain = any(spelt)
    ),

    by_accession as materialized (
        select public_sequences.accession, public_sequences.strain
        from aspen.public_sequences as public_sequences
        where public_sequences.pathogen_id = match_strains.pathogen_id
            and public_sequences.public_repository_id = repository_id
            and public_sequences.accession = any(match_strains.identifiers)
    )

    select spellings.name, repository_id, by_strain.strain
    from by_strain
    inner join unnest(names, spelt) as spellings(name, spelling)
        on by_strain.strain = spellings.spelling
    union
    select by_accession.accession, repository_id, by_accession.strain
    from by_accession;
end
$$;

comment on function internal.match_strains(bigint, text[]) is
$$The published sequences that identifiers name

By strain, with or without a prefix, or by accession, in the pathogen's default repository.$$;

revoke all on function internal.match_strains(bigint, text[]) from public;
grant execute on function internal.match_strains(bigint, text[]) to api_writer;

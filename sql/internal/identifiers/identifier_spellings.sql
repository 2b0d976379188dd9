-- Every look-up of an identifier looks up these spellings: internal.match_identifiers,
-- match_strains and match_tips. Two places in control follow the rule of internal.prefix_pattern
-- without a query, because they read files: outputs/formats/auspice.py shortens the names of trees,
-- and samples/sequence_names.py reads FASTA headers, without the spelling with _, which only tree
-- tools write; tests/sql/test_match_identifiers.py compares both with internal.without_prefix.
create or replace function internal.identifier_spellings(pathogen_id bigint, identifiers text[])
returns table (identifier text, spelling text, is_exact boolean)
language sql
stable
security invoker
rows 10000
set search_path = ''
as $$
    with prefixes as materialized (
        select distinct repositories.prefix
        from aspen.pathogen_repositories as repositories
        where repositories.pathogen_id = identifier_spellings.pathogen_id
    ),

    rule as materialized (
        select internal.prefix_pattern(identifier_spellings.pathogen_id) as pattern
    ),

    bare as materialized (
        select
            given.identifier,
            internal.without_prefix(given.identifier, rule.pattern) as name
        from (select distinct unnest(identifiers) as identifier) as given
        cross join rule
        where given.identifier is not null
    ),

    -- A tool that allows no slash in a name may have written each as _.
    slashed as materialized (
        select bare.identifier, replace(bare.name, '_', '/') as name
        from bare
        where strpos(bare.identifier, '/') = 0 and strpos(bare.name, '_') > 0
    ),

    names as materialized (
        select bare.identifier, bare.name from bare
        union all
        select slashed.identifier, slashed.name from slashed
    )

    select bare.identifier, bare.identifier, true
    from bare
    union all
    select names.identifier, names.name, false
    from names
    where names.name <> names.identifier
    union all
    select names.identifier, prefixes.prefix || '/' || names.name, false
    from names
    cross join prefixes
    where prefixes.prefix || '/' || names.name <> names.identifier;
$$;

comment on function internal.identifier_spellings(bigint, text[]) is
$$The spellings under which each identifier may be stored

First as given, then without the prefix of a repository of the pathogen ({prefix}/, in any case),
then with each of those prefixes. What follows the prefix is compared exactly, upper and lower case
included. In a name without a slash each _ may stand for one: MPXV_USA_1 is also spelt MPXV/USA/1
and USA/1.$$;

revoke all on function internal.identifier_spellings(bigint, text[]) from public;
grant execute on function internal.identifier_spellings(bigint, text[]) to api_writer;

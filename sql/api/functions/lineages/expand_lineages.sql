-- A bound on what is given, because each wildcard is compared with each lineage: 200 wildcards and
-- 5,000 lineages take a million comparisons.
create or replace function api.expand_lineages(pathogen text, lineages text[])
returns table (lineage text)
language sql
stable
security invoker
rows 100
begin atomic
    select
        authz.fail(
            400, 'unknown_pathogen', 'There is no such pathogen',
            json_build_object('pathogen', left(expand_lineages.pathogen, 200))::text,
            'Use the slug of one of pathogens.'
        )
    where not exists (
        select from aspen.pathogens as pathogens
        where pathogens.slug = expand_lineages.pathogen
    );

    select
        authz.fail(
            400, 'invalid_argument', 'lineages must be an array of at most 200 names',
            json_build_object('lineages', cardinality(expand_lineages.lineages))::text,
            'Each name has 1 to 128 characters.'
        )
    where
        expand_lineages.lineages is null
        or array_ndims(expand_lineages.lineages) > 1
        or cardinality(expand_lineages.lineages) > 200
        or exists (
            select from unnest(expand_lineages.lineages) as given (name)
            where internal.trimmed(given.name) is null or length(given.name) > 128
        );

    select expanded.lineage
    from aspen.pathogens as pathogens
    cross join internal.expanded_lineages(pathogens.id, expand_lineages.lineages) as expanded
    where pathogens.slug = expand_lineages.pathogen;
end;

comment on function api.expand_lineages(text, text[]) is $$The lineages that filters by lineage mean

pathogen: slug, such as SC2. lineages: at most 200 of what lineage_filters lists. An alias, in any
case, stands for its patterns (see lineage_aliases); text after the first space is a label and does
not count; BA.1* is BA.1 and every known lineage that begins with BA.1., but not BA.10; * is every
known lineage; any other name is returned as it is, known or not. Sorted by code point, each once.
Use the answer in a filter: sample_lineages?lineage=in.(BA.1,BA.1.1). Errors: 400 unknown_pathogen,
400 invalid_argument.$$;

revoke all on function api.expand_lineages(text, text[]) from public;
grant execute on function api.expand_lineages(text, text[]) to member;

create or replace function api.lineage_filters(pathogen text)
returns table (filter text, kind text)
language sql
stable
security invoker
rows 1000
begin atomic
    select
        authz.fail(
            400, 'unknown_pathogen', 'There is no such pathogen',
            json_build_object('pathogen', left(lineage_filters.pathogen, 200))::text,
            'Use the slug of one of pathogens.'
        )
    where not exists (
        select from aspen.pathogens as pathogens
        where pathogens.slug = lineage_filters.pathogen
    );

    with chosen as (
        select pathogens.id
        from aspen.pathogens as pathogens
        where pathogens.slug = lineage_filters.pathogen
    ),

    names as (
        select lineages.lineage
        from aspen.lineages as lineages
        inner join chosen on lineages.pathogen_id = chosen.id
    )

    select
        filters.filter,
        filters.kind
    from (
        select
            names.lineage::text as filter,
            'lineage' as kind
        from names
        union all
        select distinct
            regexp_replace(names.lineage, '\.[0-9]+$', '*') as filter,
            'wildcard' as kind
        from names
        where names.lineage ~ '\.[0-9]+$'
        union all
        select
            aliases.alias::text as filter,
            'alias' as kind
        from aspen.lineage_aliases as aliases
        inner join chosen on aliases.pathogen_id = chosen.id
    ) as filters
    order by convert_to(filters.filter, 'UTF8'), filters.kind;
end;

comment on function api.lineage_filters(text) is $$Everything that a filter by lineage of a pathogen may name

pathogen: slug, such as SC2. kind: lineage (BA.2.86), wildcard (BA.2*: BA.2 and every lineage that
begins with BA.2.) or alias (Omicron, BA.1* / 21K; see lineage_aliases). Sorted by code point. SC2 has
thousands; fetch them in pages. expand_lineages takes any of them. Errors: 400 unknown_pathogen.$$;

revoke all on function api.lineage_filters(text) from public;
grant execute on function api.lineage_filters(text) to member;

create or replace function internal.expanded_lineages(pathogen_id bigint, names text[])
returns table (lineage text)
language sql
stable
security invoker
rows 100
begin atomic
    with given as (
        select internal.trimmed(names.name) as name
        from unnest(expanded_lineages.names) as names (name)
    ),

    aliased as (
        select
            given.name,
            patterns.pattern
        from given
        inner join aspen.lineage_aliases as aliases
            on lower(given.name) = lower(aliases.alias)
        cross join unnest(aliases.patterns) as patterns (pattern)
        where aliases.pathogen_id = expanded_lineages.pathogen_id
    ),

    -- The label of a clade comes after a space.
    patterns as materialized (
        select split_part(aliased.pattern, ' ', 1) as pattern
        from aliased
        union
        select split_part(given.name, ' ', 1)
        from given
        where given.name not in (select aliased.name from aliased)
    ),

    wildcards as materialized (
        select left(patterns.pattern, -1) as stem
        from patterns
        where patterns.pattern like '%*'
    ),

    expanded as (
        select patterns.pattern as lineage
        from patterns
        where patterns.pattern not like '%*'
        union
        select known.lineage::text
        from wildcards
        inner join aspen.lineages as known
            on
                wildcards.stem = known.lineage
                or starts_with(known.lineage, wildcards.stem || '.')
                or wildcards.stem = ''
        where known.pathogen_id = expanded_lineages.pathogen_id
    )

    select expanded.lineage
    from expanded
    order by convert_to(expanded.lineage, 'UTF8');
end;

comment on function internal.expanded_lineages(bigint, text[]) is
$$The lineages of a pathogen that filters by lineage mean

api.expand_lineages says what a name means.$$;

revoke all on function internal.expanded_lineages(bigint, text[]) from public;
grant execute on function internal.expanded_lineages(bigint, text[]) to member, api_writer;

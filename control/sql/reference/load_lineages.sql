-- Replace the lineages of a pathogen. Those that stay keep their ids.
with chosen as (
    select pathogens.id
    from aspen.pathogens as pathogens
    where pathogens.slug = %(slug)s
),

given as (
    select distinct names.lineage
    from unnest(%(lineages)s::text[]) as names (lineage)
),

removed as (
    delete from aspen.lineages as lineages
    using chosen
    where
        lineages.pathogen_id = chosen.id
        and lineages.lineage not in (select given.lineage from given)
    returning lineages.id
),

added as (
    insert into aspen.lineages (pathogen_id, lineage)
    select
        chosen.id,
        given.lineage
    from given
    cross join chosen
    order by given.lineage
    on conflict (pathogen_id, lineage) do nothing
    returning id
),

aliased as (
    insert into aspen.lineage_aliases (pathogen_id, alias, patterns)
    select
        chosen.id,
        names.alias,
        array[names.lineage] as patterns
    from unnest(%(aliases)s::text[], %(aliased)s::text[]) as names (alias, lineage)
    cross join chosen
    order by names.alias
    on conflict (pathogen_id, alias) do nothing
    returning id
)

select
    (select count(*) from added) as added_count,
    (select count(*) from removed) as removed_count,
    (select count(*) from aliased) as aliased_count
from chosen;

-- Set the prefixes of strains by pathogen and repository (parallel arrays), and return how many are
-- new and how many are different.
with given as (
    select
        pathogens.id as pathogen_id,
        repositories.id as public_repository_id,
        rows.prefix
    from
        unnest(%(pathogen)s::text[], %(repository)s::text[], %(prefix)s::text[])
            as rows (slug, repository, prefix)
    inner join aspen.pathogens as pathogens
        on rows.slug = pathogens.slug
    inner join aspen.public_repositories as repositories
        on rows.repository = repositories.name
),

changed as (
    update aspen.pathogen_repositories as known
    set prefix = given.prefix
    from given
    where
        known.pathogen_id = given.pathogen_id
        and known.public_repository_id = given.public_repository_id
        and known.prefix <> given.prefix
    returning known.id
),

added as (
    insert into aspen.pathogen_repositories (pathogen_id, public_repository_id, prefix)
    select
        given.pathogen_id,
        given.public_repository_id,
        given.prefix
    from given
    order by given.pathogen_id, given.public_repository_id
    on conflict (pathogen_id, public_repository_id) do nothing
    returning id
)

select
    (select count(*) from added) as added_count,
    (select count(*) from changed) as changed_count;

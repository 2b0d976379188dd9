-- Remove the options of the named pathogens that are not given (parallel arrays), and clear what is
-- unique of those that differ, so that a priority or description may pass from one to another. An
-- option is known by what UShER calls the tree. Return how many are removed and how many differ.
with given as (
    select
        pathogens.id as pathogen_id,
        rows.description,
        rows.value,
        rows.priority
    from
        unnest(
            %(pathogen)s::text[],
            %(description)s::text[],
            %(value)s::text[],
            %(priority)s::integer[]
        ) as rows (slug, description, value, priority)
    inner join aspen.pathogens as pathogens
        on rows.slug = pathogens.slug
),

removed as (
    delete from aspen.usher_options as options
    where
        options.pathogen_id in (select given.pathogen_id from given)
        and options.value not in (select given.value from given)
    returning options.id
),

cleared as (
    update aspen.usher_options as options
    set description = 'cleared/' || gen_random_uuid(), priority = null
    from given
    where
        options.value = given.value
        and (options.pathogen_id, options.description, options.priority)
        is distinct from (given.pathogen_id, given.description, given.priority)
    returning options.id
)

select
    (select count(*) from removed) as removed_count,
    (select count(*) from cleared) as cleared_count;

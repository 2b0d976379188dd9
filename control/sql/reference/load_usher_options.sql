-- Write options (parallel arrays) after clear_usher_options.sql, and return how many are new.
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

changed as (
    update aspen.usher_options as options
    set
        pathogen_id = given.pathogen_id,
        description = given.description,
        priority = given.priority
    from given
    where options.value = given.value and options.description like 'cleared/%%'
),

added as (
    insert into aspen.usher_options (pathogen_id, description, value, priority)
    select
        given.pathogen_id,
        given.description,
        given.value,
        given.priority
    from given
    where
        not exists (
            select
            from aspen.usher_options as options
            where options.value = given.value
        )
    order by given.pathogen_id, given.priority nulls last, given.value
    returning id
)

select count(*)
from added;

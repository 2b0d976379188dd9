-- Unlink samples deleted since; lock the others until the tips that name them are stored.
with held as (
    select
        samples.group_id,
        samples.id
    from aspen.samples as samples
    where
        (samples.group_id, samples.id) in (
            select
                links.sample_group_id,
                links.sample_id
            from staged_links as links
        )
    order by samples.id
    for key share
)

delete from staged_links as links
where not exists (
    select
    from held
    where held.group_id = links.sample_group_id and held.id = links.sample_id
);

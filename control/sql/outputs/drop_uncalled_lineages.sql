-- A genome that Nextclade could not place has no lineage; one it had before is no longer its
-- result.
delete from aspen.sample_lineages as lineages
using held_samples as held
inner join staged_qc as staged
    on held.id = staged.sample_id
where
    lineages.group_id = held.group_id
    and lineages.sample_id = held.id
    and lineages.lineage_type = 'NEXTCLADE'
    and not exists (
        select
        from staged_lineages as called
        where called.sample_id = held.id
    );

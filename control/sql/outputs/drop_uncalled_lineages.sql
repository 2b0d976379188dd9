-- Delete earlier lineages of genomes that Nextclade could not place now.
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

-- Delete earlier alignments of genomes that Nextclade could not align now.
delete from aspen.aligned_sequences as aligned
using held_samples as held
inner join staged_qc as staged
    on held.id = staged.sample_id
where
    aligned.group_id = held.group_id
    and aligned.sample_id = held.id
    and not exists (
        select
        from staged_alignments as stored
        where stored.sample_id = held.id
    );

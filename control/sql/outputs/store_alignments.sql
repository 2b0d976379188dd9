insert into aspen.aligned_sequences (group_id, sample_id, sequence, reference_dataset_id)
select
    held.group_id,
    held.id,
    staged.sequence,
    %(reference_dataset_id)s as reference_dataset_id
from staged_alignments as staged
inner join held_samples as held
    on staged.sample_id = held.id
order by held.id
on conflict (group_id, sample_id) do update
    set
        sequence = excluded.sequence,
        reference_dataset_id = excluded.reference_dataset_id,
        aligned_at = excluded.aligned_at;

insert into aspen.sample_mutations (
    group_id, sample_id, disclosed_at, mutations_caller, substitutions, insertions, deletions,
    aa_substitutions, aa_insertions, aa_deletions, reference_dataset_id
)
select
    held.group_id,
    held.id,
    held.disclosed_at,
    'NEXTCLADE' as mutations_caller,
    staged.substitutions,
    staged.insertions,
    staged.deletions,
    staged.aa_substitutions,
    staged.aa_insertions,
    staged.aa_deletions,
    %(reference_dataset_id)s as reference_dataset_id
from staged_qc as staged
inner join held_samples as held
    on staged.sample_id = held.id
order by held.id
on conflict (group_id, sample_id, mutations_caller) do update
    set
        substitutions = excluded.substitutions,
        insertions = excluded.insertions,
        deletions = excluded.deletions,
        aa_substitutions = excluded.aa_substitutions,
        aa_insertions = excluded.aa_insertions,
        aa_deletions = excluded.aa_deletions,
        reference_dataset_id = excluded.reference_dataset_id;

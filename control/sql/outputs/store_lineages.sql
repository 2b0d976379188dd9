insert into aspen.sample_lineages (
    group_id, sample_id, disclosed_at, lineage_type, lineage, failure,
    lineage_software_version,
    lineage_probability, scorpio_call, scorpio_support, reference_dataset_id, raw_output
)
select
    held.group_id,
    held.id,
    held.disclosed_at,
    %(lineage_type)s as lineage_type,
    staged.lineage,
    staged.failure,
    staged.software_version,
    staged.probability,
    staged.scorpio_call,
    staged.scorpio_support,
    %(reference_dataset_id)s as reference_dataset_id,
    staged.raw_output
from staged_lineages as staged
inner join held_samples as held
    on staged.sample_id = held.id
order by held.id
on conflict (group_id, sample_id, lineage_type) do update
    set
        lineage = excluded.lineage,
        failure = excluded.failure,
        lineage_software_version = excluded.lineage_software_version,
        lineage_probability = excluded.lineage_probability,
        scorpio_call = excluded.scorpio_call,
        scorpio_support = excluded.scorpio_support,
        reference_dataset_id = excluded.reference_dataset_id,
        raw_output = excluded.raw_output;

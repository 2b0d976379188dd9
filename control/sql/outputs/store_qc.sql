insert into aspen.sample_qc_metrics (
    group_id, sample_id, disclosed_at, qc_caller, qc_score, qc_status, qc_software_version,
    reference_dataset_id, raw_output
)
select
    held.group_id,
    held.id,
    held.disclosed_at,
    'NEXTCLADE' as qc_caller,
    staged.qc_score,
    staged.qc_status,
    %(software_version)s as qc_software_version,
    %(reference_dataset_id)s as reference_dataset_id,
    staged.raw_output
from staged_qc as staged
inner join held_samples as held
    on staged.sample_id = held.id
order by held.id
on conflict (group_id, sample_id, qc_caller) do update
    set
        qc_score = excluded.qc_score,
        qc_status = excluded.qc_status,
        qc_software_version = excluded.qc_software_version,
        reference_dataset_id = excluded.reference_dataset_id,
        raw_output = excluded.raw_output;

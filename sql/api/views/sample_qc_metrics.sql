create or replace view api.sample_qc_metrics
with (security_invoker = true)
as
select
    sample_qc_metrics.id,
    sample_qc_metrics.group_id,
    sample_qc_metrics.sample_id,
    (sample_qc_metrics.disclosed_at = '9999-01-01 00:00:00+00')::aspen.flag as is_private,
    sample_qc_metrics.qc_caller,
    sample_qc_metrics.qc_score,
    sample_qc_metrics.qc_status,
    sample_qc_metrics.qc_software_version,
    reference_datasets.name as reference_dataset_name,
    reference_datasets.accession as reference_sequence_accession,
    reference_datasets.tag as reference_dataset_tag,
    sample_qc_metrics.updated_at,
    sample_qc_metrics.disclosed_at
from aspen.sample_qc_metrics as sample_qc_metrics
left join aspen.reference_datasets as reference_datasets
    on sample_qc_metrics.reference_dataset_id = reference_datasets.id;

comment on view api.sample_qc_metrics is $$Quality metrics of samples

One row for each sample and caller, for the sequence that the sample has now. Everyone who sees the
sample sees its metrics. The computed column
raw_output is returned only when select names it (select=*,raw_output): the row that the caller
wrote, as a JSON object by column, some kilobytes.$$;

comment on column api.sample_qc_metrics.id is 'Identifier of the row';
comment on column api.sample_qc_metrics.group_id is 'Group that owns the sample; see groups in me';
comment on column api.sample_qc_metrics.sample_id is 'Sample; see samples';
comment on column api.sample_qc_metrics.is_private is 'True if the sample is private';
comment on column api.sample_qc_metrics.qc_caller is 'Program that computed the metrics: NEXTCLADE';
comment on column api.sample_qc_metrics.qc_score is $$Overall score, 0 or more; 0 is best

Null if qc_status is invalid.$$;
comment on column api.sample_qc_metrics.qc_status is 'good, mediocre, bad or invalid';
comment on column api.sample_qc_metrics.qc_software_version is 'Version of the caller';
comment on column api.sample_qc_metrics.reference_dataset_name is
'Name of the reference dataset; null if none';
comment on column api.sample_qc_metrics.reference_sequence_accession is
'Accession of the reference sequence; null if unknown';
comment on column api.sample_qc_metrics.reference_dataset_tag is
'Release of the reference dataset; null if unknown';
comment on column api.sample_qc_metrics.updated_at is 'When the row was last written';
comment on column api.sample_qc_metrics.disclosed_at is
'When viewers see the sample; see samples';

grant select on api.sample_qc_metrics to member;

-- Never fires, because nobody may write. It makes PostgreSQL check the privileges before it notices
-- that a join is not updatable, so that the client receives 403 instead of 500.
create or replace trigger sample_qc_metrics_refuse_change
instead of insert or update or delete on api.sample_qc_metrics
for each row
execute function internal.refuse_change();

create or replace view api.sample_lineages
with (security_invoker = true)
as
select
    sample_lineages.id,
    sample_lineages.group_id,
    sample_lineages.sample_id,
    (sample_lineages.disclosed_at = '9999-01-01 00:00:00+00')::aspen.flag as is_private,
    sample_lineages.lineage_type,
    sample_lineages.lineage,
    sample_lineages.lineage_software_version,
    sample_lineages.lineage_probability,
    sample_lineages.scorpio_call,
    sample_lineages.scorpio_support,
    reference_datasets.name as reference_dataset_name,
    reference_datasets.accession as reference_sequence_accession,
    reference_datasets.tag as reference_dataset_tag,
    sample_lineages.updated_at,
    sample_lineages.failure,
    sample_lineages.disclosed_at
from aspen.sample_lineages as sample_lineages
left join aspen.reference_datasets as reference_datasets
    on sample_lineages.reference_dataset_id = reference_datasets.id;

comment on view api.sample_lineages is $$Lineages of samples

One row for each sample and caller, for the sequence that the sample has now. Everyone who sees the
sample sees its lineages. If the caller could not place the genome, lineage is null and failure says
why. A sequence with other bases removes the rows until its jobs have succeeded. To find samples of a
lineage and all below it, filter by what expand_lineages returns.$$;

comment on column api.sample_lineages.id is 'Identifier of the row';
comment on column api.sample_lineages.group_id is 'Group that owns the sample; see groups in me';
comment on column api.sample_lineages.sample_id is 'Sample; see samples';
comment on column api.sample_lineages.is_private is 'True if the sample is private';
comment on column api.sample_lineages.lineage_type is
'Caller that assigned the lineage: PANGOLIN or NEXTCLADE';
comment on column api.sample_lineages.lineage is
'Lineage: BA.2.86; null if the caller assigned none';
comment on column api.sample_lineages.lineage_software_version is 'Version of the caller';
comment on column api.sample_lineages.lineage_probability is
'Confidence in percent, 0 to 100; null if unknown';
comment on column api.sample_lineages.scorpio_call is
'Constellation that scorpio called; null if none';
comment on column api.sample_lineages.scorpio_support is
'Support for the scorpio call, 0 to 1; null if none';
comment on column api.sample_lineages.reference_dataset_name is
'Name of the reference dataset; null if none';
comment on column api.sample_lineages.reference_sequence_accession is
'Accession of the reference sequence; null if unknown';
comment on column api.sample_lineages.reference_dataset_tag is
'Release of the reference dataset; null if unknown';
comment on column api.sample_lineages.updated_at is 'When the row was last written';
comment on column api.sample_lineages.failure is
'Why the caller assigned no lineage; null if it assigned one';
comment on column api.sample_lineages.disclosed_at is
'When viewers see the sample; see samples';

grant select on api.sample_lineages to member;

-- Never fires, because nobody may write. It makes PostgreSQL check the privileges before it notices
-- that a join is not updatable, so that the client receives 403 instead of 500.
create or replace trigger sample_lineages_refuse_change
instead of insert or update or delete on api.sample_lineages
for each row
execute function internal.refuse_change();

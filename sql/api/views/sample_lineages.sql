create or replace view api.sample_lineages
with (security_invoker = true)
as
select
    sample_lineages.id,
    sample_lineages.group_id,
    sample_lineages.sample_id,
    sample_lineages.is_private,
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
    sample_lineages.failure
from aspen.sample_lineages as sample_lineages
left join aspen.reference_datasets as reference_datasets
    on sample_lineages.reference_dataset_id = reference_datasets.id;

comment on view api.sample_lineages is $$Lineages of samples

One per sample and caller, for the sequence the sample has now; visible like the sample. Of a genome
that the caller could not place, lineage is null and failure says why.$$;

comment on column api.sample_lineages.id is 'Key';
comment on column api.sample_lineages.group_id is 'The group that owns the row; one of the groups of me';
comment on column api.sample_lineages.sample_id is 'The sample';
comment on column api.sample_lineages.is_private is 'Whether the sample is private';
comment on column api.sample_lineages.lineage_type is 'PANGOLIN or NEXTCLADE: which caller named the lineage';
comment on column api.sample_lineages.lineage is 'Lineage; null if the caller named none';
comment on column api.sample_lineages.lineage_software_version is 'Version of the caller';
comment on column api.sample_lineages.lineage_probability is 'Confidence in percent, 0 to 100; null if unknown';
comment on column api.sample_lineages.scorpio_call is 'Constellation called by scorpio; null if none';
comment on column api.sample_lineages.scorpio_support is 'Support for the scorpio call, 0 to 1; null if none';
comment on column api.sample_lineages.reference_dataset_name is 'Name of the reference dataset, null if none';
comment on column api.sample_lineages.reference_sequence_accession is
'Accession of the reference sequence, null if unknown';
comment on column api.sample_lineages.reference_dataset_tag is
'Release of the reference dataset, null if unknown';
comment on column api.sample_lineages.updated_at is 'When the row was last written';
comment on column api.sample_lineages.failure is 'Why the caller named no lineage; null if it did';

grant select on api.sample_lineages to member;

-- Never fires, because nobody may write. It makes PostgreSQL look at the privileges before it finds
-- that a join cannot be written to, so that a client reads 403 and not 500.
create or replace trigger sample_lineages_refuse_change
instead of insert or update or delete on api.sample_lineages
for each row
execute function internal.refuse_change();

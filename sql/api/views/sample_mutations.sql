create or replace view api.sample_mutations
with (security_invoker = true)
as
select
    sample_mutations.id,
    sample_mutations.group_id,
    sample_mutations.sample_id,
    (sample_mutations.disclosed_at = '9999-01-01 00:00:00+00')::aspen.flag as is_private,
    sample_mutations.mutations_caller,
    sample_mutations.substitutions,
    sample_mutations.deletions,
    sample_mutations.insertions,
    sample_mutations.aa_substitutions,
    sample_mutations.aa_deletions,
    sample_mutations.aa_insertions,
    reference_datasets.name as reference_dataset_name,
    reference_datasets.accession as reference_sequence_accession,
    reference_datasets.tag as reference_dataset_tag,
    sample_mutations.updated_at,
    sample_mutations.disclosed_at
from aspen.sample_mutations as sample_mutations
left join aspen.reference_datasets as reference_datasets
    on sample_mutations.reference_dataset_id = reference_datasets.id;

comment on view api.sample_mutations is $$Mutations of samples against a reference

One row for each sample and caller, for the sequence that the sample has now. Everyone who sees the
sample sees its mutations. A list that is empty means none; filter by cs (contains):
substitutions=cs.{C241T}.$$;

comment on column api.sample_mutations.id is 'Identifier of the row';
comment on column api.sample_mutations.group_id is 'Group that owns the sample; see groups in me';
comment on column api.sample_mutations.sample_id is 'Sample; see samples';
comment on column api.sample_mutations.is_private is 'True if the sample is private';
comment on column api.sample_mutations.mutations_caller is
'Program that compared the sequence: NEXTCLADE';
comment on column api.sample_mutations.substitutions is
'Nucleotide substitutions, by position in the reference: C241T';
comment on column api.sample_mutations.deletions is
'Deleted nucleotides, by position in the reference: 21765-21770';
comment on column api.sample_mutations.insertions is
'Inserted nucleotides, after a position in the reference: 22204:GAGCCAGAA';
comment on column api.sample_mutations.aa_substitutions is
'Amino-acid substitutions, by gene: S:D614G';
comment on column api.sample_mutations.aa_deletions is 'Deleted amino acids, by gene: S:H69-';
comment on column api.sample_mutations.aa_insertions is
'Inserted amino acids, by gene: S:214:EPE';
comment on column api.sample_mutations.reference_dataset_name is
'Name of the reference dataset; null if none';
comment on column api.sample_mutations.reference_sequence_accession is
'Accession of the reference sequence; null if unknown';
comment on column api.sample_mutations.reference_dataset_tag is
'Release of the reference dataset; null if unknown';
comment on column api.sample_mutations.updated_at is 'When the row was last written';
comment on column api.sample_mutations.disclosed_at is
'When viewers see the sample; see samples';

grant select on api.sample_mutations to member;

-- Never fires, because nobody may write. It makes PostgreSQL check the privileges before it notices
-- that a join is not updatable, so that the client receives 403 instead of 500.
create or replace trigger sample_mutations_refuse_change
instead of insert or update or delete on api.sample_mutations
for each row
execute function internal.refuse_change();

create or replace view api.sequences
with (security_invoker = true)
as
select
    sequences.id,
    sequences.group_id,
    sequences.sample_id,
    sequences.sequence,
    sequences.sequencing_date,
    sequences.sequencing_depth,
    sequences.num_unambiguous_sites,
    sequences.num_missing_alleles,
    sequences.num_mixed,
    sequences.created_at,
    sequences.updated_at
from aspen.sequences as sequences;

comment on view api.sequences is $$Sequences of samples

For members and admins, direct or granted. Accept: text/x-fasta gives FASTA with the public
identifier as the name; more than 1,000 are refused unless asked for in pages. Bulk insert is all or
nothing and names every problem. Upsert with on_conflict=group_id,sample_id. Another sequence removes
the lineages, QC metrics, mutations and alignment of its sample and queues the jobs that find them
anew; so does the first one. The same again, whatever its case and white space, changes nothing.
DELETE removes the results too. Errors: 400 invalid_sequence.$$;

comment on column api.sequences.id is 'Key';
comment on column api.sequences.group_id is 'The group that owns the sample; required';
comment on column api.sequences.sample_id is 'The sample; one sequence each; required';
comment on column api.sequences.sequence is $$Consensus genome

At least 1000 IUPAC nucleotide letters and gaps, stored in upper case without white space.$$;
comment on column api.sequences.sequencing_date is 'Day of sequencing; null if unknown';
comment on column api.sequences.sequencing_depth is 'Mean depth of coverage, not negative; null if unknown';
comment on column api.sequences.num_unambiguous_sites is 'Number of A, C, G, T and U';
comment on column api.sequences.num_missing_alleles is 'Number of N';
comment on column api.sequences.num_mixed is 'Number of the other IUPAC letters';
comment on column api.sequences.created_at is 'When it was uploaded';
comment on column api.sequences.updated_at is 'When it was last changed';

grant select, insert, update, delete on api.sequences to member;

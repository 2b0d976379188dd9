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

comment on view api.sequences is $$Consensus sequences of samples

Members and admins see them, by a direct role or a grant. With Accept: text/x-fasta the answer is FASTA
with public identifiers as names, and restricted_until=YYYY-MM-DD after those of restricted samples;
more than 1,000 sequences are rejected unless the request asks for a page. A POST inserts one sequence
or many, where the caller is directly member or admin: either all are stored or none, and the error
lists every problem. Upsert with on_conflict=group_id,sample_id.

The first sequence of a sample, and a sequence that replaces another, remove the lineages, quality
metrics, mutations and alignment of the sample and queue the jobs that compute them again. The same
bases again, in any case and with any white space, change nothing. DELETE also removes the results.
Errors: 400 invalid_sequence, 400 read_only_column if a PATCH moves a sequence to another sample; 403
42501 for another group; 409 23503 if the group has no such sample, 409 23505 if the sample has a
sequence already; 413 body_too_large above 32 MB.$$;

comment on column api.sequences.id is 'Identifier of the row';
comment on column api.sequences.group_id is 'Group that owns the sample; required';
comment on column api.sequences.sample_id is 'Sample, which has at most one sequence; required';
comment on column api.sequences.sequence is $$Consensus genome

1,000 to 10,000,000 IUPAC nucleotide codes and gaps (-), stored in upper case without white space.$$;
comment on column api.sequences.sequencing_date is
'Day of sequencing, 1970-01-01 to today; null if unknown';
comment on column api.sequences.sequencing_depth is
'Mean depth of coverage, 0 or more; null if unknown';
comment on column api.sequences.num_unambiguous_sites is 'Number of bases A, C, G, T and U';
comment on column api.sequences.num_missing_alleles is 'Number of bases N';
comment on column api.sequences.num_mixed is 'Number of other IUPAC codes, such as R and Y';
comment on column api.sequences.created_at is 'When the sequence was uploaded';
comment on column api.sequences.updated_at is 'When it was last changed';

grant select, insert, update, delete on api.sequences to member;

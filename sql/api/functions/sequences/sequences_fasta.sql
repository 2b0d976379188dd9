-- Collects the rows in an array and writes the text once at the end: appending to a text is
-- quadratic (30 MB: a minute).
-- The linter knows no aggregates.
create aggregate api.sequences_fasta(api.sequences) ( -- noqa: PRS
    sfunc = array_append,
    stype = api.sequences[],
    finalfunc = internal.fasta,
    initcond = '{}'
);

comment on aggregate api.sequences_fasta(api.sequences) is $$FASTA of sequences, for Accept: text/x-fasta

GET /sequences with this Accept calls it; it is not called itself. One record for each sequence, in the
order of the list: > and the public identifier of the sample, then all bases on one line. Filter the list
as usual, without select. More than 1,000 sequences need a page (limit); export_sequences has no such
bound.$$;

revoke all on function api.sequences_fasta(api.sequences) from public;
grant execute on function api.sequences_fasta(api.sequences) to member;

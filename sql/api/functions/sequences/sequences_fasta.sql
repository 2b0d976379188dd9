-- Collects the rows in an array and writes the text once at the end: appending to a text is
-- quadratic (30 MB: a minute).
-- The linter knows no aggregates.
create aggregate api.sequences_fasta(api.sequences) ( -- noqa: PRS
    sfunc = array_append,
    stype = api.sequences[],
    finalfunc = internal.fasta,
    initcond = '{}'
);

comment on aggregate api.sequences_fasta(api.sequences) is 'FASTA of sequences, for Accept: text/x-fasta';

revoke all on function api.sequences_fasta(api.sequences) from public;
grant execute on function api.sequences_fasta(api.sequences) to member;

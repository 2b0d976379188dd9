create or replace function internal.fasta(records api.sequences[])
returns internal."text/x-fasta"
language sql
stable
security invoker
begin atomic
    select
        coalesce(string_agg(
            internal.fasta_header(samples.public_identifier, samples.restricted_until)
            || records.sequence || E'\n',
            '' order by records.ordinality
        ), '')
    from unnest(fasta.records) with ordinality as records
    inner join aspen.samples as samples
        on records.group_id = samples.group_id and records.sample_id = samples.id;
end;

comment on function internal.fasta(api.sequences[]) is $$FASTA of sequences

Each is named by the public identifier of its sample (internal.fasta_header) and written on one line.$$;

revoke all on function internal.fasta(api.sequences[]) from public;
grant execute on function internal.fasta(api.sequences[]) to member;

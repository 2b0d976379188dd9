create or replace function api.job_sequences(
    after_id bigint default 0, is_aligned boolean default false
)
returns api."*/*"
language sql
volatile
security invoker
set statement_timeout = '30s'
begin atomic
    select internal.job_sequences(job_sequences.after_id, job_sequences.is_aligned);
end;

comment on function api.job_sequences(bigint, boolean) is $$The sequences that a job runs on, as FASTA

For the program of a running job, with the token of its present attempt. Records are named by the id
of the sample, in this order. after_id: id of the last sample received (0 by default); an answer has
at most 30,000,000 bases, and the header Samples-Left counts the sequences after it. A sequence that
was replaced since the job left the queue is left out. is_aligned: if true, the sequences that Nextclade
aligned to its reference, of the samples that have one (false by default). A call also counts as heartbeat.$$;

revoke all on function api.job_sequences(bigint, boolean) from public;
grant execute on function api.job_sequences(bigint, boolean) to job;

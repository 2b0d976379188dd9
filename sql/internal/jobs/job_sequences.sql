-- definer because a job may read no table; row-level security shows job_runner the inputs of the
-- calling job. A sequence that was replaced is left out, because its results would not be stored.
create or replace function internal.job_sequences(after_id bigint, is_aligned boolean)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    bound constant bigint := internal.most_bases_at_once();
    page bigint[];
    rest bigint;
    body text;
begin
    perform internal.note_heartbeat();
    with sought as (
        select
            sequences.sample_id,
            sum(octet_length(coalesce(aligned.sequence, sequences.sequence)))
                over (order by sequences.sample_id) as bases
        from authz.job_inputs() as inputs
        inner join aspen.sequences as sequences
            on
                inputs.sample_group_id = sequences.group_id
                and inputs.sample_id = sequences.sample_id
        left join aspen.aligned_sequences as aligned
            on
                job_sequences.is_aligned
                and sequences.group_id = aligned.group_id
                and sequences.sample_id = aligned.sample_id
        where
            inputs.sample_id > coalesce(job_sequences.after_id, 0)
            and (aligned.sample_id is not null or job_sequences.is_aligned is not true)
            and coalesce(inputs.sequence_revision, sequences.revision) = sequences.revision
    )

    select
        coalesce(array_agg(sought.sample_id) filter (where sought.bases <= bound), '{}'),
        count(*) filter (where sought.bases > bound)
    into page, rest
    from sought;

    perform internal.add_headers(jsonb_build_array(
        jsonb_build_object('Content-Type', 'text/x-fasta; charset=utf-8'),
        jsonb_build_object('Samples-Left', rest::text)
    ));
    select
        coalesce(
            string_agg(
                internal.fasta_header(sequences.sample_id::text, null)
                || coalesce(aligned.sequence, sequences.sequence) || E'\n',
                '' order by sequences.sample_id
            ),
            ''
        )
    into body
    from authz.job_inputs() as inputs
    inner join aspen.sequences as sequences
        on inputs.sample_group_id = sequences.group_id and inputs.sample_id = sequences.sample_id
    left join aspen.aligned_sequences as aligned
        on
            job_sequences.is_aligned
            and sequences.group_id = aligned.group_id
            and sequences.sample_id = aligned.sample_id
    where inputs.sample_id = any(page);
    return body;
end
$$;

comment on function internal.job_sequences(bigint, boolean) is
'The sequences of the calling job, for api.job_sequences, as job_runner';

revoke all on function internal.job_sequences(bigint, boolean) from public;
grant execute on function internal.job_sequences(bigint, boolean) to job;

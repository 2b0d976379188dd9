-- samples and lineages are JSON, because a number where the request needs a text would arrive as a
-- text; days are texts, because PostgreSQL would also read 3/4/21.
create or replace function api.create_export(
    group_id bigint,
    pathogen text,
    resource text,
    format text default 'csv',
    samples json default null,
    lineages json default null,
    collected_from text default null,
    collected_to text default null,
    uploaded_from text default null,
    uploaded_to text default null,
    location_id bigint default null
)
returns setof api.jobs
language sql
volatile
security invoker
rows 1
begin atomic
    select internal.create_export(
        jsonb_build_object(
            'pathogen', create_export.pathogen,
            'group_id', create_export.group_id,
            'samples', create_export.samples,
            'lineages', create_export.lineages,
            'collected_from', create_export.collected_from,
            'collected_to', create_export.collected_to,
            'uploaded_from', create_export.uploaded_from,
            'uploaded_to', create_export.uploaded_to,
            'location_id', create_export.location_id
        ),
        internal.trimmed(create_export.resource),
        internal.trimmed(create_export.format)
    );
end;

comment on function api.create_export(
    bigint, text, text, text, json, json, text, text, text, text, bigint
) is $$Export samples of a group to a file, however many

Queues a job that writes one file. group_id: a group where you are directly member or admin, also
when the job runs; only its samples are exported. pathogen: a slug. resource: samples, sequences,
sample_lineages or sample_qc_metrics. format: csv (default), ndjson (one object a line), parquet or
fasta, for sequences only, named by public identifiers. samples, lineages, collected_from, collected_to,
uploaded_from, uploaded_to and location_id choose as in export_sequences. Returns the job. When it
has succeeded, job_outputs lists the file and a manifest with its rows, length and SHA-256, and
output_url fetches them; they are deleted seven days later, when another export ends. Errors: 400 invalid_argument and
unknown_pathogen, 403 group_access_denied, 429 too_many_jobs.$$;

revoke all on function api.create_export(
    bigint, text, text, text, json, json, text, text, text, text, bigint
) from public;
grant execute on function api.create_export(
    bigint, text, text, text, json, json, text, text, text, text, bigint
) to member;

-- JSON and texts for the reason that export_sequences gives.
create or replace function api.export_qc_metrics(
    pathogen text,
    group_id bigint default null,
    samples json default null,
    lineages json default null,
    collected_from text default null,
    collected_to text default null,
    uploaded_from text default null,
    uploaded_to text default null,
    location_id bigint default null,
    id_style text default 'public'
)
returns api."*/*"
language sql
stable
security invoker
set statement_timeout = '30s'
begin atomic
    select internal.export_qc_metrics(
        jsonb_build_object(
            'pathogen', export_qc_metrics.pathogen,
            'group_id', export_qc_metrics.group_id,
            'samples', export_qc_metrics.samples,
            'lineages', export_qc_metrics.lineages,
            'collected_from', export_qc_metrics.collected_from,
            'collected_to', export_qc_metrics.collected_to,
            'uploaded_from', export_qc_metrics.uploaded_from,
            'uploaded_to', export_qc_metrics.uploaded_to,
            'location_id', export_qc_metrics.location_id
        ),
        export_qc_metrics.id_style
    );
end;

comment on function api.export_qc_metrics(
    text, bigint, json, json, text, text, text, text, bigint,
    text
) is $$Quality metrics of chosen samples as TSV, as a file

The samples are chosen and named as in export_sequences (pathogen, group_id, samples, lineages,
collected_from, collected_to, uploaded_from, uploaded_to, location_id, id_style). At most 5,000. One
row for each, in the order of sample ids, with the columns that Nextclade wrote (raw_output of
sample_qc_metrics): seqName is the name of the sample, then the columns in Nextclade's order, those
that not every row has included, then others by name. Lines end with CR and LF.

Whoever sees a sample sees its metrics. The header Samples-Left-Out counts what is missing;
samples_left_out names it. Errors: 400 invalid_argument, 400 unknown_pathogen, 413 export_too_large.$$;

revoke all on function api.export_qc_metrics(
    text, bigint, json, json, text, text, text, text, bigint,
    text
) from public;
grant execute on function api.export_qc_metrics(
    text, bigint, json, json, text, text, text, text, bigint,
    text
) to member;

create or replace function api.samples_left_out(
    pathogen text,
    group_id bigint default null,
    samples json default null,
    lineages json default null,
    collected_from text default null,
    collected_to text default null,
    uploaded_from text default null,
    uploaded_to text default null,
    location_id bigint default null,
    download text default 'export_sequences'
)
returns table (identifier text, reason text)
language sql
stable
security invoker
rows 1000
begin atomic
    select
        left_out.identifier,
        left_out.reason
    from internal.samples_left_out(
        jsonb_build_object(
            'pathogen', samples_left_out.pathogen,
            'group_id', samples_left_out.group_id,
            'samples', samples_left_out.samples,
            'lineages', samples_left_out.lineages,
            'collected_from', samples_left_out.collected_from,
            'collected_to', samples_left_out.collected_to,
            'uploaded_from', samples_left_out.uploaded_from,
            'uploaded_to', samples_left_out.uploaded_to,
            'location_id', samples_left_out.location_id
        ),
        internal.trimmed(samples_left_out.download)
    ) as left_out;
end;

comment on function api.samples_left_out(
    text, bigint, json, json, text, text, text, text, bigint,
    text
) is $$The samples that a download leaves out

Takes the arguments of the download that choose samples. download: export_sequences (default),
submission_template or export_qc_metrics. Returns, sorted, the identifier as given, or the public one
where a filter found the sample, and the reason: unknown (no sample that you see has it), ambiguous
(several have it), no_sequence (it has none, or none that you may read) or no_qc_metrics. Errors: 400
invalid_argument, 400 unknown_pathogen.$$;

revoke all on function api.samples_left_out(
    text, bigint, json, json, text, text, text, text, bigint,
    text
) from public;
grant execute on function api.samples_left_out(
    text, bigint, json, json, text, text, text, text, bigint,
    text
) to member;

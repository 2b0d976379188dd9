-- JSON and texts for the reason that export_sequences gives.
create or replace function api.submission_template(
    pathogen text,
    repository text,
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
    select internal.submission_template(
        jsonb_build_object(
            'pathogen', submission_template.pathogen,
            'group_id', submission_template.group_id,
            'samples', submission_template.samples,
            'lineages', submission_template.lineages,
            'collected_from', submission_template.collected_from,
            'collected_to', submission_template.collected_to,
            'uploaded_from', submission_template.uploaded_from,
            'uploaded_to', submission_template.uploaded_to,
            'location_id', submission_template.location_id
        ),
        submission_template.id_style,
        submission_template.repository,
        (
            select users.gisaid_submitter_id
            from aspen.users as users
            where users.id = authz.caller_id()
        )
    );
end;

comment on function api.submission_template(
    text, text, bigint, json, json, text, text, text, text, bigint,
    text
) is $$Metadata of chosen samples as a repository takes it, as a file

repository: GISAID (CSV, 28 columns below two rows of headers) or GenBank (TSV, 8 columns). The
samples are chosen and named as in export_sequences (pathogen, group_id, samples, lineages,
collected_from, collected_to, uploaded_from, uploaded_to, location_id, id_style), so that the two
files of a batch match; one without a sequence is in the template, too. At most 20,000. Rows are in
the order of sample ids; lines end with CR and LF.

What the repository requires is checked first: a country, and for GISAID your gisaid_submitter_id,
authors, and name and address of both laboratories. The submitting laboratory is the sample's group
if you are directly member or admin of it, otherwise the only group where you are. The header
Samples-Left-Out counts what is missing; samples_left_out names it. Errors: 400 incomplete_samples
(details: sample, column and reason of each), 400 invalid_argument, 400 unknown_pathogen, 413
export_too_large.$$;

revoke all on function api.submission_template(
    text, text, bigint, json, json, text, text, text, text, bigint,
    text
) from public;
grant execute on function api.submission_template(
    text, text, bigint, json, json, text, text, text, text, bigint,
    text
) to member;

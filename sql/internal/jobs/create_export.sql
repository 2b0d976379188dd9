-- definer because members have no insert privilege on jobs; row-level security holds for api_writer
-- too. The file is an output of the group, so it has samples of this group only; what the requester
-- may see of them is asked again when the job runs.
create or replace function internal.create_export(choice jsonb, resource text, format text)
returns setof api.jobs
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    owner_id bigint := (choice ->> 'group_id')::bigint;
    pathogen_row aspen.pathogens;
    problems json;
    export_id bigint;
begin
    perform authz.require_member(owner_id, 'You cannot export the samples of this group');
    pathogen_row := internal.pathogen_of(internal.trimmed(choice ->> 'pathogen'));
    select json_agg(json_build_object('field', found.field, 'value', left(found.value, 200),
        'reason', found.reason))
    into problems
    from (
        values
        ('resource', create_export.resource, case
            when coalesce(create_export.resource, '') not in (
                'samples', 'sequences', 'sample_lineages', 'sample_qc_metrics'
            )
                then 'must be samples, sequences, sample_lineages or sample_qc_metrics'
        end),
        ('format', create_export.format, case
            when coalesce(create_export.format, '') not in ('csv', 'ndjson', 'parquet', 'fasta')
                then 'must be csv, ndjson, parquet or fasta'
            when create_export.format = 'fasta' and create_export.resource <> 'sequences'
                then 'is for sequences only'
        end)
    ) as found(field, value, reason)
    where found.reason is not null;
    if problems is not null then
        perform internal.fail(400, 'invalid_argument', 'The export is described wrongly',
            problems::text);
    end if;
    -- Refuses a wrong choice now, and not when the job runs.
    perform from internal.chosen_samples(create_export.choice, 'export') limit 1;

    export_id := internal.queue_job(owner_id, pathogen_row.id, 'export', authz.caller_id());
    update aspen.jobs as jobs
    set arguments = jsonb_build_object(
        'choice', create_export.choice,
        'resource', create_export.resource,
        'format', create_export.format
    )
    where jobs.id = export_id;
    return query select jobs.* from api.jobs as jobs where jobs.id = export_id;
end
$$;

comment on function internal.create_export(jsonb, text, text) is
'Queue an export for api.create_export, as api_writer';

revoke all on function internal.create_export(jsonb, text, text) from public;
grant execute on function internal.create_export(jsonb, text, text) to member;

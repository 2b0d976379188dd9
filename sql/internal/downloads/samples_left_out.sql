-- definer because only api_writer may look up identifiers; row-level security holds for it too.
create or replace function internal.samples_left_out(choice jsonb, download text)
returns table (identifier text, reason text)
language plpgsql
stable
security definer
rows 1000
set search_path = ''
as $$
#variable_conflict use_column
begin
    if samples_left_out.download is null or samples_left_out.download not in (
        'export_sequences', 'submission_template', 'export_qc_metrics'
    ) then
        perform internal.fail(400, 'invalid_argument',
            'download must be export_sequences, submission_template or export_qc_metrics',
            json_build_object('download', left(samples_left_out.download, 200))::text);
    end if;
    return query
    select chosen.identifier, chosen.reason
    from internal.chosen_samples(samples_left_out.choice, samples_left_out.download) as chosen
    where chosen.reason is not null
    order by chosen.identifier, chosen.sample_id;
end
$$;

comment on function internal.samples_left_out(jsonb, text) is
'What a download leaves out, for api.samples_left_out, as api_writer';

revoke all on function internal.samples_left_out(jsonb, text) from public;
grant execute on function internal.samples_left_out(jsonb, text) to member;

-- A computed field, not a column of the view: `*` in a list would send kilobytes per sample that
-- hardly anybody reads.
create or replace function api.raw_output(api.sample_qc_metrics)
returns jsonb
language sql
stable
security invoker
begin atomic
    select metrics.raw_output
    from aspen.sample_qc_metrics as metrics
    where metrics.id = ($1).id;
end;

comment on function api.raw_output(api.sample_qc_metrics) is $$The whole row that a QC caller wrote

Computed column, not part of `*`; request it: select=*,raw_output. A JSON object of strings by
column of nextclade.csv.$$;

revoke all on function api.raw_output(api.sample_qc_metrics) from public;
grant execute on function api.raw_output(api.sample_qc_metrics) to member;

-- NOTE: no write is granted: job outputs are registered by the control plane.
-- The fence says word for word what the select policy says (policies/samples.sql).

grant select on aspen.sample_qc_metrics to member, api_writer;
grant select (id, group_id, sample_id), delete on aspen.sample_qc_metrics to results_keeper;

create policy sample_qc_metrics_select_group on aspen.sample_qc_metrics
for select to member, api_writer
using (
    group_id = any(authz.any_groups())
    and (disclosed_at <= now() or group_id = any(authz.full_groups()))
);

comment on policy sample_qc_metrics_select_group on aspen.sample_qc_metrics is
'Like the sample: viewers see the row once it is disclosed';

create policy sample_qc_metrics_select_results_keeper on aspen.sample_qc_metrics
for select to results_keeper
using (true);

comment on policy sample_qc_metrics_select_results_keeper on aspen.sample_qc_metrics is
'Found by the sample whose sequence changed';

create policy sample_qc_metrics_delete_results_keeper on aspen.sample_qc_metrics
for delete to results_keeper
using (true);

comment on policy sample_qc_metrics_delete_results_keeper on aspen.sample_qc_metrics is
'Results of a sequence that was replaced or deleted go';

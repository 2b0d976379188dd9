-- NOTE: no write is granted: job outputs are registered by the control plane.
-- structure.sql adds the policy by which members read the rows of samples that they see.

grant select on aspen.sample_qc_metrics to member, api_writer;
grant select (id, group_id, sample_id), delete on aspen.sample_qc_metrics to results_keeper;

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

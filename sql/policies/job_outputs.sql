-- NOTE: no write is granted: job outputs are registered by the control plane.

grant select on aspen.job_outputs to member;

create policy job_outputs_select_group on aspen.job_outputs
for select to member
using (group_id = any(authz.any_groups()));

comment on policy job_outputs_select_group on aspen.job_outputs is
'Outputs of jobs of the groups the caller sees';

grant select (group_id, size_bytes) on aspen.job_outputs to results_keeper;

create policy job_outputs_select_results_keeper on aspen.job_outputs
for select to results_keeper
using (true);

comment on policy job_outputs_select_results_keeper on aspen.job_outputs is
'To keep the limit of the group, whoever registers files';

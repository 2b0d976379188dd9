-- NOTE: no write is granted: job outputs are registered by the control plane.

grant select on aspen.job_outputs to member;

create policy job_outputs_select_group on aspen.job_outputs
for select to member
using (group_id = any(authz.any_groups()));

comment on policy job_outputs_select_group on aspen.job_outputs is
'Outputs of jobs of the groups the caller sees';

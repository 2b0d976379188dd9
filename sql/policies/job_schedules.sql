-- NOTE: nothing is granted: no resource of the API shows this table.

create policy job_schedules_select_group on aspen.job_schedules
for select to member
using (group_id = any(authz.member_groups()));

comment on policy job_schedules_select_group on aspen.job_schedules is
'Schedules are for direct members and admins';

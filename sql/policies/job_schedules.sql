-- NOTE: what the last due day brought is written by the control plane alone.

grant select on aspen.job_schedules to member;
grant insert (
    group_id, pathogen_id, kind, weekdays, tree_type, template_args, is_enabled
) on aspen.job_schedules to member;
grant update (weekdays, tree_type, template_args, is_enabled) on aspen.job_schedules to member;
grant delete on aspen.job_schedules to member;

create policy job_schedules_select_group on aspen.job_schedules
for select to member
using (group_id = any(authz.member_groups()));

comment on policy job_schedules_select_group on aspen.job_schedules is
'Schedules are for direct members and admins';

create policy job_schedules_insert_admin on aspen.job_schedules
for insert to member
with check (group_id = any(authz.admin_groups()));

comment on policy job_schedules_insert_admin on aspen.job_schedules is
'Direct admins make the schedules of their group';

create policy job_schedules_update_admin on aspen.job_schedules
for update to member
using (group_id = any(authz.admin_groups()))
with check (group_id = any(authz.admin_groups()));

comment on policy job_schedules_update_admin on aspen.job_schedules is
'Direct admins change the schedules of their group';

create policy job_schedules_delete_admin on aspen.job_schedules
for delete to member
using (group_id = any(authz.admin_groups()));

comment on policy job_schedules_delete_admin on aspen.job_schedules is
'Direct admins delete the schedules of their group';

-- NOTE: members read it through api.changes only, and never what belongs to no group. The fence
-- says word for word what the select policy says, for the reason that structure.sql gives.

grant insert (
    group_id, table_name, row_id, action, user_id, role_name, details, old_values, new_values
) on aspen.audit_log to auditor;
grant select (
    id, occurred_at, group_id, table_name, row_id, action, user_id, details, request_id, old_values,
    new_values
) on aspen.audit_log to member;
grant select (
    id, occurred_at, group_id, table_name, row_id, action, old_values
) on aspen.audit_log to api_writer;
grant select (occurred_at, table_name, row_id, details) on aspen.audit_log to auditor;

create policy audit_log_fence on aspen.audit_log
as restrictive for all to member
using (
    group_id = any(authz.any_groups())
    and group_id = any(authz.member_groups())
    and (
        authz.planned_for() is distinct from 'member of one group'
        or group_id = (authz.member_groups())[1]
    )
)
with check (
    group_id = any(authz.any_groups())
    and group_id = any(authz.member_groups())
    and (
        authz.planned_for() is distinct from 'member of one group'
        or group_id = (authz.member_groups())[1]
    )
);

comment on policy audit_log_fence on aspen.audit_log is
'Only what happened in groups of the caller, whatever else is allowed';

create policy audit_log_select_member on aspen.audit_log
for select to member
using (
    group_id = any(authz.any_groups())
    and group_id = any(authz.member_groups())
    and (
        authz.planned_for() is distinct from 'member of one group'
        or group_id = (authz.member_groups())[1]
    )
);

comment on policy audit_log_select_member on aspen.audit_log is
'Direct members and admins read what happened in their group';

create policy audit_log_fence_writer on aspen.audit_log
as restrictive for all to api_writer
using (group_id + 0 = any(authz.any_groups()) and group_id = any(authz.member_groups()))
with check (group_id + 0 = any(authz.any_groups()) and group_id = any(authz.member_groups()));

comment on policy audit_log_fence_writer on aspen.audit_log is
'Like audit_log_fence, for restore_samples and samples_as_of';

create policy audit_log_select_writer on aspen.audit_log
for select to api_writer
using (group_id + 0 = any(authz.any_groups()) and group_id = any(authz.member_groups()));

comment on policy audit_log_select_writer on aspen.audit_log is
'Like audit_log_select_member, for restore_samples and samples_as_of';

create policy audit_log_select_auditor on aspen.audit_log
for select to auditor
using (table_name = 'audit_log');

comment on policy audit_log_select_auditor on aspen.audit_log is
'To know from when the log is complete';

create policy audit_log_insert_auditor on aspen.audit_log
for insert to auditor
with check (true);

comment on policy audit_log_insert_auditor on aspen.audit_log is
'Written by the triggers of tenant tables and of access';

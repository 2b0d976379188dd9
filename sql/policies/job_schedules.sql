-- NOTE: nothing is granted: no resource of the API shows this table.

alter table aspen.job_schedules enable row level security;

alter table aspen.job_schedules force row level security;

drop policy if exists job_schedules_fence on aspen.job_schedules;

create policy job_schedules_fence on aspen.job_schedules
as restrictive
for all
to member
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
)
with check (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
);

comment on policy job_schedules_fence on aspen.job_schedules is
'Only rows of groups the caller sees, whatever other policies allow';

drop policy if exists job_schedules_select_group on aspen.job_schedules;

create policy job_schedules_select_group on aspen.job_schedules
for select
to member
using (
    group_id = any(nullif(current_setting('aspen.member_groups', true), '')::bigint[])
);

comment on policy job_schedules_select_group on aspen.job_schedules is
'Schedules are for direct members and admins';

create or replace trigger job_schedules_set_updated_at
before update on aspen.job_schedules
for each row
execute function internal.set_updated_at();

create or replace trigger job_schedules_record_insert
after insert on aspen.job_schedules
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger job_schedules_record_update
after update on aspen.job_schedules
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger job_schedules_record_delete
after delete on aspen.job_schedules
referencing old table as changed_rows
for each statement
execute function internal.record_changes();

-- NOTE: no write is granted: job outputs are registered by the control plane.

alter table aspen.job_outputs enable row level security;

alter table aspen.job_outputs force row level security;

grant select on aspen.job_outputs to member;

drop policy if exists job_outputs_fence on aspen.job_outputs;

create policy job_outputs_fence on aspen.job_outputs
as restrictive
for all
to member
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
)
with check (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
);

comment on policy job_outputs_fence on aspen.job_outputs is
'Only rows of groups the caller sees, whatever other policies allow';

drop policy if exists job_outputs_select_group on aspen.job_outputs;

create policy job_outputs_select_group on aspen.job_outputs
for select
to member
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
);

comment on policy job_outputs_select_group on aspen.job_outputs is
'Outputs of jobs of the groups the caller sees';

create or replace trigger job_outputs_record_insert
after insert on aspen.job_outputs
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger job_outputs_record_update
after update on aspen.job_outputs
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger job_outputs_record_delete
after delete on aspen.job_outputs
referencing old table as changed_rows
for each statement
execute function internal.record_changes();

-- NOTE: viewers do not read the inputs of a job: they may be private samples.

alter table aspen.job_samples enable row level security;

alter table aspen.job_samples force row level security;

grant select on aspen.job_samples to member, api_writer;
grant insert (
    group_id, job_id, sample_group_id, sample_id,
    public_identifier
) on aspen.job_samples to api_writer;

drop policy if exists job_samples_fence on aspen.job_samples;

create policy job_samples_fence on aspen.job_samples
as restrictive
for all
to member, api_writer
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
)
with check (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
);

comment on policy job_samples_fence on aspen.job_samples is
'Only rows of groups the caller sees, whatever other policies allow';

drop policy if exists job_samples_select_group on aspen.job_samples;

create policy job_samples_select_group on aspen.job_samples
for select
to member, api_writer
using (
    group_id = any(nullif(current_setting('aspen.full_groups', true), '')::bigint[])
);

comment on policy job_samples_select_group on aspen.job_samples is
'Inputs of jobs are for members and admins, direct or granted';

drop policy if exists job_samples_insert_own on aspen.job_samples;

create policy job_samples_insert_own on aspen.job_samples
for insert
to api_writer
with check (
    group_id = any(nullif(current_setting('aspen.member_groups', true), '')::bigint[])
);

comment on policy job_samples_insert_own on aspen.job_samples is
'Recorded with a new job, where the caller is directly member or admin';

create or replace trigger job_samples_record_insert
after insert on aspen.job_samples
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger job_samples_record_update
after update on aspen.job_samples
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger job_samples_record_delete
after delete on aspen.job_samples
referencing old table as changed_rows
for each statement
execute function internal.record_changes();

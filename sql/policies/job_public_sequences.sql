-- NOTE: viewers do not read the inputs of a job: they may be private samples.

alter table aspen.job_public_sequences enable row level security;

alter table aspen.job_public_sequences force row level security;

grant select on aspen.job_public_sequences to member, api_writer;
grant insert (
    group_id, job_id, public_repository_id,
    strain
) on aspen.job_public_sequences to api_writer;
grant select (group_id, job_id) on aspen.job_public_sequences to results_keeper;

drop policy if exists job_public_sequences_fence on aspen.job_public_sequences;

create policy job_public_sequences_fence on aspen.job_public_sequences
as restrictive
for all
to member, api_writer
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
)
with check (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
);

comment on policy job_public_sequences_fence on aspen.job_public_sequences is
'Only rows of groups the caller sees, whatever other policies allow';

drop policy if exists job_public_sequences_select_group on aspen.job_public_sequences;

create policy job_public_sequences_select_group on aspen.job_public_sequences
for select
to member, api_writer
using (
    group_id = any(nullif(current_setting('aspen.full_groups', true), '')::bigint[])
);

comment on policy job_public_sequences_select_group on aspen.job_public_sequences is
'Inputs of jobs are for members and admins, direct or granted';

drop policy if exists job_public_sequences_insert_own on aspen.job_public_sequences;

create policy job_public_sequences_insert_own on aspen.job_public_sequences
for insert
to api_writer
with check (
    group_id = any(nullif(current_setting('aspen.member_groups', true), '')::bigint[])
);

comment on policy job_public_sequences_insert_own on aspen.job_public_sequences is
'Recorded with a new job, where the caller is directly member or admin';

drop policy if exists job_public_sequences_select_results_keeper on aspen.job_public_sequences;

create policy job_public_sequences_select_results_keeper on aspen.job_public_sequences
for select
to results_keeper
using (true);

comment on policy job_public_sequences_select_results_keeper on aspen.job_public_sequences is
'To know whether a run has any input left';

create or replace trigger job_public_sequences_record_insert
after insert on aspen.job_public_sequences
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger job_public_sequences_record_update
after update on aspen.job_public_sequences
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger job_public_sequences_record_delete
after delete on aspen.job_public_sequences
referencing old table as changed_rows
for each statement
execute function internal.record_changes();

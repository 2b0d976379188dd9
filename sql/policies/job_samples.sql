-- NOTE: viewers do not read the inputs of a job: they may be private samples.

alter table aspen.job_samples enable row level security;

alter table aspen.job_samples force row level security;

grant select on aspen.job_samples to member, api_writer;
grant insert (
    group_id, job_id, sample_group_id, sample_id,
    public_identifier, sequence_revision
) on aspen.job_samples to api_writer;
grant select (id, group_id, job_id, sample_group_id, sample_id, sequence_revision)
on aspen.job_samples to results_keeper;
grant insert (
    group_id, job_id, sample_group_id, sample_id, public_identifier, sequence_revision
), update (sequence_revision) on aspen.job_samples to results_keeper;

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

drop policy if exists job_samples_select_results_keeper on aspen.job_samples;

create policy job_samples_select_results_keeper on aspen.job_samples
for select
to results_keeper
using (true);

comment on policy job_samples_select_results_keeper on aspen.job_samples is
'To find the jobs that wait for a sample';

drop policy if exists job_samples_insert_results_keeper on aspen.job_samples;

create policy job_samples_insert_results_keeper on aspen.job_samples
for insert
to results_keeper
with check (true);

comment on policy job_samples_insert_results_keeper on aspen.job_samples is
'Recorded with the jobs that are queued for sequences that changed';

drop policy if exists job_samples_update_results_keeper on aspen.job_samples;

create policy job_samples_update_results_keeper on aspen.job_samples
for update
to results_keeper
using (true)
with check (true);

comment on policy job_samples_update_results_keeper on aspen.job_samples is
'A job that waits takes the sequence there is by then';

-- For whoever does not say it: a result is stored only if the sequence is still that one.
create or replace trigger job_samples_note_revision
before insert on aspen.job_samples
for each row
when (new.sequence_revision is null and new.sample_id is not null)
execute function internal.note_sequence_revision();

create or replace trigger job_samples_note_lost_input
after update of sample_id on aspen.job_samples
for each row
when (old.sample_id is not null and new.sample_id is null)
execute function internal.note_lost_input();

-- The foreign key runs this once for a statement that deletes samples, after all of them. Not for
-- each of the rows that a DELETE on api.samples deletes one by one, a level deeper: that has a
-- trigger of its own.
create or replace trigger job_samples_end_empty_jobs
after update of sample_id on aspen.job_samples
for each statement
when (pg_trigger_depth() <= 1)
execute function internal.end_empty_jobs();

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

-- NOTE: viewers do not read the inputs of a job: they may be private samples.

grant select on aspen.job_samples to member, api_writer;
grant insert (
    group_id, job_id, sample_group_id, sample_id, public_identifier, sequence_revision
) on aspen.job_samples to api_writer;
grant select (
    id, group_id, job_id, sample_group_id, sample_id, sequence_revision
) on aspen.job_samples to results_keeper;
grant insert (
    group_id, job_id, sample_group_id, sample_id, public_identifier, sequence_revision
) on aspen.job_samples to results_keeper;
grant update (sequence_revision) on aspen.job_samples to results_keeper;
grant select on aspen.job_samples to job_runner;

create policy job_samples_select_group on aspen.job_samples
for select to member, api_writer
using (group_id = any(authz.full_groups()));

comment on policy job_samples_select_group on aspen.job_samples is
'Inputs of jobs are for members and admins, direct or granted';

create policy job_samples_insert_own on aspen.job_samples
for insert to api_writer
with check (group_id = any(authz.member_groups()));

comment on policy job_samples_insert_own on aspen.job_samples is
'Recorded with a new job, where the caller is directly member or admin';

create policy job_samples_select_results_keeper on aspen.job_samples
for select to results_keeper
using (true);

comment on policy job_samples_select_results_keeper on aspen.job_samples is
'To find the jobs that wait for a sample';

create policy job_samples_insert_results_keeper on aspen.job_samples
for insert to results_keeper
with check (true);

comment on policy job_samples_insert_results_keeper on aspen.job_samples is
'Recorded with the jobs that are queued for sequences that changed';

create policy job_samples_update_results_keeper on aspen.job_samples
for update to results_keeper
using (true)
with check (true);

comment on policy job_samples_update_results_keeper on aspen.job_samples is
'A job that waits takes the sequence there is by then';

create policy job_samples_select_job_runner on aspen.job_samples
for select to job_runner
using (group_id = authz.job_group_id() and job_id = authz.job_id());

comment on policy job_samples_select_job_runner on aspen.job_samples is
'Inputs of the calling job';

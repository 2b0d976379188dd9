-- NOTE: viewers do not read the inputs of a job: they may be private samples.

grant select on aspen.job_public_sequences to member, api_writer;
grant insert (
    group_id, job_id, public_repository_id, strain
) on aspen.job_public_sequences to api_writer;
grant select (group_id, job_id) on aspen.job_public_sequences to results_keeper;
grant select on aspen.job_public_sequences to job_runner;

create policy job_public_sequences_select_group on aspen.job_public_sequences
for select to member, api_writer
using (group_id = any(authz.full_groups()));

comment on policy job_public_sequences_select_group on aspen.job_public_sequences is
'Inputs of jobs are for members and admins, direct or granted';

create policy job_public_sequences_insert_own on aspen.job_public_sequences
for insert to api_writer
with check (group_id = any(authz.member_groups()));

comment on policy job_public_sequences_insert_own on aspen.job_public_sequences is
'Recorded with a new job, where the caller is directly member or admin';

create policy job_public_sequences_select_results_keeper on aspen.job_public_sequences
for select to results_keeper
using (true);

comment on policy job_public_sequences_select_results_keeper on aspen.job_public_sequences is
'To know whether a run has any input left';

create policy job_public_sequences_select_job_runner on aspen.job_public_sequences
for select to job_runner
using (group_id = authz.job_group_id() and job_id = authz.job_id());

comment on policy job_public_sequences_select_job_runner on aspen.job_public_sequences is
'Inputs of the calling job';

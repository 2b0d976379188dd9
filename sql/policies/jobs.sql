-- NOTE: jobs are queued by functions that run as api_writer; the control plane moves their status.

grant select, delete on aspen.jobs to member;
grant update (name) on aspen.jobs to member;
grant select (id, group_id, status, attempt, requested_by_id) on aspen.jobs to claims_reader;
grant select on aspen.jobs to api_writer;
grant insert (
    group_id, pathogen_id, kind, name, tree_type, template_args, contextual_repository_id,
    requested_by_id, public_repository_id, turn
) on aspen.jobs to api_writer;
grant select (
    id, group_id, pathogen_id, kind, status, attempt, requested_by_id, started_at, turn,
    first_attempt, created_at
) on aspen.jobs to results_keeper;
grant insert (
    group_id, pathogen_id, kind, name, tree_type, template_args, contextual_repository_id,
    requested_by_id, public_repository_id, turn
) on aspen.jobs to results_keeper;
grant update (
    status, attempt, executor, executor_handle, software_versions, error, started_at, heartbeat_at,
    finished_at, turn, due_at, worker, deadline_at, first_attempt
) on aspen.jobs to results_keeper;
grant update (status, error, finished_at, due_at, arguments) on aspen.jobs to api_writer;
-- No caller may see the clock of the queue, which tells how much others ask for.
grant select on sequence aspen.job_turns to api_writer, results_keeper;
grant select on aspen.jobs to job_runner;
grant update (heartbeat_at) on aspen.jobs to job_runner;
grant select (
    kind, status, created_at, updated_at, due_at, started_at, finished_at, worker, group_id
) on aspen.jobs to observer;

create policy jobs_select_group on aspen.jobs
for select to member, api_writer
using (group_id = any(authz.any_groups()));

comment on policy jobs_select_group on aspen.jobs is 'Jobs of the groups the caller sees';

create policy jobs_select_claims_reader on aspen.jobs
for select to claims_reader
using (true);

comment on policy jobs_select_claims_reader on aspen.jobs is 'To check the token of a job';

create policy jobs_insert_own on aspen.jobs
for insert to api_writer
with check (group_id = any(authz.member_groups()));

comment on policy jobs_insert_own on aspen.jobs is
'New jobs go into a group where the caller is directly member or admin';

create policy jobs_update_group on aspen.jobs
for update to member
using (kind = 'phylo_run' and group_id = any(authz.full_groups()))
with check (kind = 'phylo_run' and group_id = any(authz.full_groups()));

comment on policy jobs_update_group on aspen.jobs is
'Members and admins, direct or granted, rename runs';

create policy jobs_update_api_writer on aspen.jobs
for update to api_writer
using (group_id = any(authz.full_groups()))
with check (group_id = any(authz.full_groups()));

comment on policy jobs_update_api_writer on aspen.jobs is
'Members and admins, direct or granted, cancel jobs';

create policy jobs_delete_group on aspen.jobs
for delete to member
using (kind = 'phylo_run' and group_id = any(authz.full_groups()));

comment on policy jobs_delete_group on aspen.jobs is
'Members and admins, direct or granted, delete runs that have ended';

create policy jobs_select_results_keeper on aspen.jobs
for select to results_keeper
using (true);

comment on policy jobs_select_results_keeper on aspen.jobs is
'To find the jobs that wait for a sample';

create policy jobs_insert_results_keeper on aspen.jobs
for insert to results_keeper
with check (true);

comment on policy jobs_insert_results_keeper on aspen.jobs is
'Jobs are queued for sequences that changed, whoever changed them';

create policy jobs_update_results_keeper on aspen.jobs
for update to results_keeper
using (true)
with check (true);

comment on policy jobs_update_results_keeper on aspen.jobs is
'Jobs without any input left are cancelled, ended ones queued again';

create policy jobs_select_job_runner on aspen.jobs
for select to job_runner
using (group_id = authz.job_group_id() and id = authz.job_id());

comment on policy jobs_select_job_runner on aspen.jobs is
'The calling job';

create policy jobs_update_job_runner on aspen.jobs
for update to job_runner
using (group_id = authz.job_group_id() and id = authz.job_id())
with check (group_id = authz.job_group_id() and id = authz.job_id());

comment on policy jobs_update_job_runner on aspen.jobs is
'The calling job says that it is alive';

create policy jobs_select_observer on aspen.jobs
for select to observer
using (true);

comment on policy jobs_select_observer on aspen.jobs is
'To count jobs by kind, status and group';

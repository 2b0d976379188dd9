-- NOTE: no API role reads reports: internal.report_job writes them as job_runner, and the control
-- plane registers them.

grant select (id, group_id, job_id, attempt, manifest) on aspen.job_reports to job_runner;
grant insert (group_id, job_id, attempt, manifest) on aspen.job_reports to job_runner;
grant select (id, reported_at, registered_at) on aspen.job_reports to observer;

create policy job_reports_select_job_runner on aspen.job_reports
for select to job_runner
using (group_id = authz.job_group_id() and job_id = authz.job_id());

comment on policy job_reports_select_job_runner on aspen.job_reports is
'What the calling job submitted';

create policy job_reports_insert_job_runner on aspen.job_reports
for insert to job_runner
with check (group_id = authz.job_group_id() and job_id = authz.job_id());

comment on policy job_reports_insert_job_runner on aspen.job_reports is
'The calling job submits for itself only';

create policy job_reports_select_observer on aspen.job_reports
for select to observer
using (true);

comment on policy job_reports_select_observer on aspen.job_reports is
'To tell how long manifests wait';

-- NOTE: no write is granted: the control plane registers data sets.

grant select on aspen.repository_data to member, api_writer, job_runner;

create policy repository_data_select_member on aspen.repository_data
for select to member, api_writer
using (true);

comment on policy repository_data_select_member on aspen.repository_data is
'Every signed-in user reads reference data';

create policy repository_data_select_job_runner on aspen.repository_data
for select to job_runner
using (true);

comment on policy repository_data_select_job_runner on aspen.repository_data is 'Reference data';

-- NOTE: migrations write the kinds of jobs and of files; no resource of the API shows them.

grant select on aspen.job_kinds to results_keeper;

create policy job_kinds_select_results_keeper on aspen.job_kinds
for select to results_keeper
using (true);

comment on policy job_kinds_select_results_keeper on aspen.job_kinds is
'To find the kinds of jobs that a sequence queues';

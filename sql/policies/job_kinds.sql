-- NOTE: migrations write the kinds of jobs and of files; no resource of the API shows them.

alter table aspen.job_kinds enable row level security;

alter table aspen.job_kinds force row level security;

alter table aspen.job_output_kinds enable row level security;

alter table aspen.job_output_kinds force row level security;

grant select on aspen.job_kinds to results_keeper;

drop policy if exists job_kinds_select_results_keeper on aspen.job_kinds;

create policy job_kinds_select_results_keeper on aspen.job_kinds
for select
to results_keeper
using (true);

comment on policy job_kinds_select_results_keeper on aspen.job_kinds is
'To find the kinds of jobs that a sequence queues';

-- NOTE: migrations write the kinds of jobs and of files; no resource of the API shows them. Which
-- kinds follow from sequences decides what api.group_usage counts.

grant select (name, is_queued_for_sequences) on aspen.job_kinds to member;
grant select on aspen.job_kinds to results_keeper;
grant select (name, is_paused) on aspen.job_kinds to observer;

create policy job_kinds_select_all on aspen.job_kinds
for select to member
using (true);

comment on policy job_kinds_select_all on aspen.job_kinds is
'Kinds are the same for everybody';

create policy job_kinds_select_results_keeper on aspen.job_kinds
for select to results_keeper
using (true);

comment on policy job_kinds_select_results_keeper on aspen.job_kinds is
'To find the kinds of jobs that a sequence queues';

create policy job_kinds_select_observer on aspen.job_kinds
for select to observer
using (true);

comment on policy job_kinds_select_observer on aspen.job_kinds is
'To name every kind in the metrics';

-- NOTE: no API role reads this table: it is for the control plane.

grant select (name, heartbeat_at) on aspen.job_workers to observer;

create policy job_workers_select_observer on aspen.job_workers
for select to observer
using (true);

comment on policy job_workers_select_observer on aspen.job_workers is
'To count workers';

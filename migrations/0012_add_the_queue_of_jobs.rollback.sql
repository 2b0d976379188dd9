drop index aspen.jobs_group_id_turn_given_idx;

drop index aspen.jobs_worker_id_running_idx;

drop index aspen.jobs_due_at_waiting_idx;

drop index aspen.jobs_turn_id_queued_idx;

create index jobs_heartbeat_at_running_idx on aspen.jobs (heartbeat_at) where status = 'running';

create index jobs_id_queued_idx on aspen.jobs (id) where status = 'queued';

alter table aspen.jobs
drop column max_attempts,
drop column first_attempt,
drop column deadline_at,
drop column worker,
drop column due_at,
drop column turn;

alter table aspen.job_kinds
drop column most_running_of_group,
drop column most_running,
drop column is_paused;

drop table aspen.job_workers;

drop sequence aspen.job_turns;

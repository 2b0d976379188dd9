-- Lets workers take jobs in turn, retry them, and be missed when they are lost.
-- depends: 0011_add_job_reports
-- The tables are small, and the checks hold for the values that new columns begin with.
-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid
-- squawk-ignore-file adding-field-with-default, adding-required-field
-- squawk-ignore-file require-concurrent-index-deletion

create sequence aspen.job_turns as bigint;

create table aspen.job_workers (
    name text constraint job_workers_pkey primary key,
    started_at aspen.moment not null default now(),
    heartbeat_at aspen.moment not null default now(),
    constraint job_workers_name_form_check check (name ~ '^[!-~]{1,200}$')
);

comment on table aspen.job_workers is 'Workers that run jobs, each as long as it lives';
comment on column aspen.job_workers.name is 'Name of the process, never used twice';
comment on column aspen.job_workers.heartbeat_at is 'When it was last known to be alive';

alter table aspen.job_kinds
add column is_paused boolean not null default false,
add column most_running integer
constraint job_kinds_most_running_check check (most_running > 0),
add column most_running_of_group integer
constraint job_kinds_most_running_of_group_check check (most_running_of_group > 0);

comment on column aspen.job_kinds.is_paused is
'Whether workers leave queued jobs of this kind in the queue';
comment on column aspen.job_kinds.most_running is
'How many jobs of this kind run at the same time; null for any number';
comment on column aspen.job_kinds.most_running_of_group is
'How many of them run for the same group; null for any number';

alter table aspen.jobs
add column turn bigint not null default 0,
add column due_at aspen.moment,
add column worker text,
add column deadline_at aspen.moment,
add column first_attempt integer not null default 1,
add column max_attempts integer not null default 3,
add constraint jobs_first_attempt_is_positive_check check (first_attempt > 0),
add constraint jobs_worker_form_check check (worker ~ '^[!-~]{1,200}$'),
add constraint jobs_max_attempts_is_positive_check check (max_attempts > 0),
add constraint jobs_waits_in_queue_only_check check (due_at is null or status = 'queued');

comment on column aspen.jobs.turn is
'Place in the queue: the jobs of one group have different turns, so that groups take turns';
comment on column aspen.jobs.due_at is
'When the next attempt may start, after one that failed; null otherwise';
comment on column aspen.jobs.worker is
'Worker that runs the attempt; null before, and if a person runs it';
comment on column aspen.jobs.deadline_at is 'When the running attempt times out; null if never';
comment on column aspen.jobs.first_attempt is
'Attempt from which on the attempts are counted: the first, or the one that somebody retried';
comment on column aspen.jobs.max_attempts is 'How many attempts are made without asking anybody';

drop index aspen.jobs_id_queued_idx;

drop index aspen.jobs_heartbeat_at_running_idx;

create index jobs_turn_id_queued_idx on aspen.jobs (turn, id)
where status = 'queued' and due_at is null;

create index jobs_due_at_waiting_idx on aspen.jobs (due_at)
where due_at is not null;

create index jobs_worker_id_running_idx on aspen.jobs (worker, id) where status = 'running';

create index jobs_group_id_turn_given_idx on aspen.jobs (group_id, turn) where turn > 0;

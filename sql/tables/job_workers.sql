-- One row for each running worker, which renews it every few seconds. Jobs of a worker whose row is
-- gone or old have lost it. One short row, not one in each job: a heartbeat then writes neither
-- indexes nor the audit log.
create table aspen.job_workers (
    name text constraint job_workers_pkey primary key,
    started_at aspen.moment not null default now(),
    heartbeat_at aspen.moment not null default now(),
    constraint job_workers_name_form_check check (name ~ '^[!-~]{1,200}$')
);

comment on table aspen.job_workers is 'Workers that run jobs, each as long as it lives';
comment on column aspen.job_workers.name is 'Name of the process, never used twice';
comment on column aspen.job_workers.heartbeat_at is 'When it was last known to be alive';

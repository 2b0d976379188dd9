-- code: unloaded

-- squawk-ignore-file changing-column-type

drop table aspen.webhooks;

drop table aspen.events;

drop table aspen.event_notes;

alter table aspen.job_schedules
drop column last_problem,
drop column last_job_id,
drop column last_run_on,
alter column kind type text,
alter column tree_type type text,
alter column is_enabled type boolean,
alter column last_run_at type timestamptz,
alter column created_at type timestamptz,
alter column updated_at type timestamptz;

comment on column aspen.job_schedules.last_run_at is
'When a job was last queued by the schedule; null if never';

-- Lets groups say when runs start.
-- depends: 0016_add_rejected_notifications
-- code: unloaded

-- squawk-ignore-file changing-column-type

-- Schedules are few: no more than one per group, pathogen and kind.
-- squawk-ignore-file constraint-missing-not-valid
alter table aspen.job_schedules
alter column kind type aspen.words,
alter column tree_type type aspen.words,
alter column is_enabled type aspen.flag,
alter column last_run_at type aspen.moment,
alter column created_at type aspen.moment,
alter column updated_at type aspen.moment,
add column last_run_on aspen.day,
add column last_job_id bigint,
add column last_problem text,
add constraint job_schedules_last_problem_form_check
check (
    char_length(last_problem) <= 1000
    and last_problem !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
);

comment on column aspen.job_schedules.last_run_at is
'When the schedule was last due and looked at; null if never';
comment on column aspen.job_schedules.last_run_on is
'Day in UTC for which the schedule was last looked at; it has at most one job per day';
comment on column aspen.job_schedules.last_job_id is
'Job that the schedule queued last, which may be deleted since; null if none';
comment on column aspen.job_schedules.last_problem is
'Why no job was queued on last_run_on; null if one was';

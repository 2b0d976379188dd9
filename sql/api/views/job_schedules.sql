create or replace view api.job_schedules
with (security_invoker = true)
as
select
    job_schedules.id,
    job_schedules.group_id,
    job_schedules.pathogen_id,
    job_schedules.kind,
    job_schedules.weekdays,
    job_schedules.tree_type,
    job_schedules.template_args,
    job_schedules.is_enabled,
    job_schedules.last_run_on,
    job_schedules.last_run_at,
    job_schedules.last_job_id,
    job_schedules.last_problem,
    job_schedules.created_at,
    job_schedules.updated_at
from aspen.job_schedules as job_schedules;

alter view api.job_schedules alter column template_args set default '{}';

alter view api.job_schedules alter column is_enabled set default true;

comment on view api.job_schedules is $$Runs that a group starts on certain days of the week

A run of the schedule is made from the samples that the group has then. Direct members and admins of the group
see its schedules, admins write them: POST, PATCH of weekdays, tree_type, template_args and is_enabled,
DELETE. A group has one schedule for each pathogen. Days are those of UTC. A scheduled run begins with the data
of the last 12 weeks; if there are none, of the last 6, 12 or 24 months, and then of the whole division or
country. Errors: 400 invalid_value, 409 23505 if the group has a schedule for this pathogen.$$;

comment on column api.job_schedules.id is 'Identifier of the row';
comment on column api.job_schedules.group_id is 'Group whose samples the runs are made from';
comment on column api.job_schedules.pathogen_id is 'Pathogen; see pathogens';
comment on column api.job_schedules.kind is 'Kind of the jobs: phylo_run';
comment on column api.job_schedules.weekdays is
$$Days of the week, 1 (Monday) to 7 (Sunday)

[1, 4] is Monday and Thursday. Each day begins at midnight UTC.$$;
comment on column api.job_schedules.tree_type is
'OVERVIEW, TARGETED or NON_CONTEXTUALIZED; OVERVIEW if none is given';
comment on column api.job_schedules.template_args is
$$Filters of the runs, as in create_phylo_run

With filter_start_date the time is not chosen by the newest data.$$;
comment on column api.job_schedules.is_enabled is 'Whether it starts runs; false pauses it';
comment on column api.job_schedules.last_run_on is
$$Day for which it was last looked at

At most one run starts per day. Null if it never was due.$$;
comment on column api.job_schedules.last_run_at is 'When that was; null if never';
comment on column api.job_schedules.last_job_id is 'Run that it started last, which may be deleted since; see phylo_runs';
comment on column api.job_schedules.last_problem is
'Why no run was started on last_run_on; null if one was';
comment on column api.job_schedules.created_at is 'When it was made';
comment on column api.job_schedules.updated_at is 'When it was last changed';

grant select, insert, update, delete on api.job_schedules to member;

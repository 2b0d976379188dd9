create or replace function internal.due_schedules(moment timestamptz default now())
returns table (
    id bigint,
    group_id bigint,
    pathogen_id bigint,
    day date,
    name text,
    tree_type text,
    template_args jsonb
)
language sql
stable
security invoker
set search_path = ''
as $$
    select
        schedules.id,
        schedules.group_id,
        schedules.pathogen_id,
        due.day,
        concat(left(groups.name, 80), ' Contextual Recency-Focused Build ', due.day),
        schedules.tree_type,
        schedules.template_args
    from aspen.job_schedules as schedules
    inner join aspen.groups as groups on schedules.group_id = groups.id
    cross join (select (due_schedules.moment at time zone 'UTC')::date as day) as due
    where schedules.is_enabled
        and schedules.kind = 'phylo_run'
        and extract(isodow from due.day)::integer = any(schedules.weekdays)
        and (schedules.last_run_on is null or schedules.last_run_on < due.day)
    order by schedules.id;
$$;

comment on function internal.due_schedules(timestamptz) is $$Schedules that are due on the day of a moment

A day begins at midnight UTC. Schedules that were looked at for this day or a later one are not due.
name: of the run.$$;

revoke all on function internal.due_schedules(timestamptz) from public;
grant execute on function internal.due_schedules(timestamptz) to control;

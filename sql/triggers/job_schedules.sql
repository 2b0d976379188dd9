create or replace trigger job_schedules_check_values
before insert or update of weekdays, tree_type, template_args, is_enabled on aspen.job_schedules
for each row
execute function internal.check_values(
    'group_id', 'pathogen_id', 'kind', 'weekdays', 'template_args', 'is_enabled'
);

-- After the one above, because of its name.
create or replace trigger job_schedules_complete
before insert or update of weekdays, tree_type, template_args on aspen.job_schedules
for each row
execute function internal.complete_schedule();

create or replace trigger job_schedules_raise_problems
after insert or update on aspen.job_schedules
for each statement
execute function internal.raise_problems();

create or replace trigger job_schedules_refuse_noted_values
after insert or update on aspen.job_schedules
for each statement
execute function internal.refuse_noted_values();

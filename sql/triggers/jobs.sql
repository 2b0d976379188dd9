create or replace trigger jobs_refuse_delete
before delete on aspen.jobs
for each row
when (old.status in ('queued', 'running'))
execute function internal.refuse_delete_of_open_job();

create or replace trigger jobs_announce_new
after insert on aspen.jobs
for each row
when (new.status = 'queued')
execute function internal.announce_jobs();

create or replace trigger jobs_announce_changed
after update of status on aspen.jobs
for each row
when (new.status = 'queued' or old.status = 'running' and new.status = 'cancelled')
execute function internal.announce_jobs();

create or replace trigger jobs_keep_limit
after insert on aspen.jobs
referencing new table as changed_rows
for each statement
when (current_setting('aspen.moves_group', true) is distinct from 'on')
execute function internal.keep_job_limit();

create or replace trigger jobs_keep_output_limit
after insert on aspen.jobs
referencing new table as changed_rows
for each statement
execute function internal.keep_output_limit();

create or replace trigger jobs_check_values
before update of name on aspen.jobs
for each row
execute function internal.check_values('name');

create or replace trigger jobs_raise_problems
after update of name on aspen.jobs
for each statement
execute function internal.raise_problems();

create or replace trigger jobs_refuse_noted_values
after update of name on aspen.jobs
for each statement
execute function internal.refuse_noted_values();

create or replace trigger jobs_note_update
after update on aspen.jobs
referencing old table as old_rows new table as changed_rows
for each statement
execute function internal.note_events();

create or replace trigger jobs_queue_job_prunes
after delete on aspen.jobs
referencing old table as gone_rows
for each statement
execute function internal.queue_job_prunes();

-- For whoever does not say it: a result is stored only if the sequence is still that one.
create or replace trigger job_samples_note_revision
before insert on aspen.job_samples
for each row
when (
    new.sequence_revision is null
    and new.sample_id is not null
    and current_setting('aspen.moves_group', true) is distinct from 'on'
)
execute function internal.note_sequence_revision();

create or replace trigger job_samples_note_lost_input
after update of sample_id on aspen.job_samples
for each row
when (old.sample_id is not null and new.sample_id is null)
execute function internal.note_lost_input();

-- The foreign key runs this once for a statement that deletes samples, after all of them. Not for
-- each of the rows that a DELETE on api.samples deletes one by one, a level deeper: that has a
-- trigger of its own.
create or replace trigger job_samples_end_empty_jobs
after update of sample_id on aspen.job_samples
for each statement
when (pg_trigger_depth() <= 1)
execute function internal.end_empty_jobs();

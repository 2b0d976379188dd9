create or replace trigger samples_complete
before insert or update on aspen.samples
for each row
when (
    new.public_identifier is null or new.public_identifier = ''
    or new.collection_date > current_date + 1
    or new.restricted_until > current_date + 3653
)
execute function internal.complete_sample();

create or replace trigger samples_renew_results
after update of pathogen_id on aspen.samples
for each row
when (old.pathogen_id <> new.pathogen_id)
execute function internal.renew_results_of_sample();

-- `control group import` and `erase` say that rows move as a whole: that is no news for anybody who
-- follows events, no limit ends it, and no job is queued for it. Triggers of other tables ask, too.
create or replace trigger samples_keep_limit
after insert on aspen.samples
referencing new table as changed_rows
for each statement
when (current_setting('aspen.moves_group', true) is distinct from 'on')
execute function internal.keep_sample_limit();

create or replace trigger samples_note_insert
after insert on aspen.samples
referencing new table as changed_rows
for each statement
when (current_setting('aspen.moves_group', true) is distinct from 'on')
execute function internal.note_events();

create or replace trigger samples_note_update
after update on aspen.samples
referencing new table as changed_rows
for each statement
execute function internal.note_events();

create or replace trigger samples_note_delete
after delete on aspen.samples
referencing old table as changed_rows
for each statement
when (current_setting('aspen.moves_group', true) is distinct from 'on')
execute function internal.note_events();

-- Before the one that normalises, by its name.
create or replace trigger sequences_check
before insert or update of group_id, sample_id, sequencing_date, sequencing_depth on aspen.sequences
for each row
execute function internal.check_sequence();

create or replace trigger sequences_normalise
before insert or update of sequence on aspen.sequences
for each row
execute function internal.normalise_sequence();

-- An upsert writes the key too, so its columns are granted.
create or replace trigger sequences_refuse_move
before update of group_id, sample_id on aspen.sequences
for each row
when ((new.group_id, new.sample_id) is distinct from (old.group_id, old.sample_id))
execute function internal.refuse_move();

-- What is written as it was is no change.
create or replace trigger sequences_set_updated_at
before update on aspen.sequences
for each row
when (old.* is distinct from new.*)
execute function internal.set_updated_at();

-- Of an update the old rows only: they hold no copy of the bases. What an insert brings is copied
-- once more, which costs less than a call for each row.
create or replace trigger sequences_renew_results_insert
after insert on aspen.sequences
referencing new table as changed_rows
for each statement
when (current_setting('aspen.moves_group', true) is distinct from 'on')
execute function internal.renew_results_of_sequences();

create or replace trigger sequences_renew_results_update
after update on aspen.sequences
referencing old table as changed_rows
for each statement
execute function internal.renew_results_of_sequences();

-- Not where a sample is deleted, which takes its sequence and its results with it.
create or replace trigger sequences_renew_results_delete
after delete on aspen.sequences
referencing old table as changed_rows
for each statement
when (
    pg_trigger_depth() = 0
    and current_setting('aspen.moves_group', true) is distinct from 'on'
)
execute function internal.renew_results_of_sequences();

-- An update names its rows as they were, for the reason above.
create or replace trigger sequences_keep_limit_insert
after insert on aspen.sequences
referencing new table as changed_rows
for each statement
execute function internal.keep_sequence_limit();

create or replace trigger sequences_keep_limit_update
after update on aspen.sequences
referencing old table as changed_rows
for each statement
execute function internal.keep_sequence_limit();

create or replace trigger sequences_raise_problems
after insert or update on aspen.sequences
for each statement
execute function internal.raise_problems();

create or replace trigger sequences_refuse_noted_values
after insert or update on aspen.sequences
for each statement
execute function internal.refuse_noted_values();

-- What an insert brings is copied for renew_results anyway, so this costs no second copy.
create or replace trigger sequences_record_insert
after insert on aspen.sequences
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger sequences_record_change
after update or delete on aspen.sequences
for each row
execute function internal.record_sequence_change();

alter table aspen.sequences enable row level security;

alter table aspen.sequences force row level security;

grant select, delete on aspen.sequences to member, api_writer;
grant insert (group_id, sample_id, sequence, sequencing_date, sequencing_depth),
update (group_id, sample_id, sequence, sequencing_date, sequencing_depth)
on aspen.sequences to member, api_writer;
-- Drawn by the trigger that normalises a sequence.
grant usage on sequence aspen.sequences_revision_seq to api_writer;
grant select (group_id, sample_id, revision) on aspen.sequences to results_keeper;

drop policy if exists sequences_fence on aspen.sequences;

create policy sequences_fence on aspen.sequences
as restrictive
for all
to member, api_writer
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
)
with check (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
);

comment on policy sequences_fence on aspen.sequences is
'Only rows of groups the caller sees, whatever other policies allow';

drop policy if exists sequences_select_group on aspen.sequences;

create policy sequences_select_group on aspen.sequences
for select
to member, api_writer
using (
    group_id = any(nullif(current_setting('aspen.full_groups', true), '')::bigint[])
);

comment on policy sequences_select_group on aspen.sequences is
'Sequences are for members and admins, direct or granted';

drop policy if exists sequences_insert_own on aspen.sequences;

create policy sequences_insert_own on aspen.sequences
for insert
to member, api_writer
with check (
    group_id = any(nullif(current_setting('aspen.member_groups', true), '')::bigint[])
);

comment on policy sequences_insert_own on aspen.sequences is
'New sequences go where the caller is directly member or admin';

drop policy if exists sequences_update_group on aspen.sequences;

create policy sequences_update_group on aspen.sequences
for update
to member, api_writer
using (
    group_id = any(nullif(current_setting('aspen.full_groups', true), '')::bigint[])
)
with check (
    group_id = any(nullif(current_setting('aspen.full_groups', true), '')::bigint[])
);

comment on policy sequences_update_group on aspen.sequences is
'Members and admins, direct or granted, change sequences';

drop policy if exists sequences_delete_group on aspen.sequences;

create policy sequences_delete_group on aspen.sequences
for delete
to member, api_writer
using (
    group_id = any(nullif(current_setting('aspen.full_groups', true), '')::bigint[])
);

comment on policy sequences_delete_group on aspen.sequences is
'Members and admins, direct or granted, delete sequences';

drop policy if exists sequences_select_results_keeper on aspen.sequences;

create policy sequences_select_results_keeper on aspen.sequences
for select
to results_keeper
using (true);

comment on policy sequences_select_results_keeper on aspen.sequences is
'To know which sequence a result would be of';

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

-- Of an update the old rows only: they hold no copy of the letters. What an insert brings is copied
-- once more, which costs less than a call for each row.
create or replace trigger sequences_renew_results_insert
after insert on aspen.sequences
referencing new table as changed_rows
for each statement
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
when (pg_trigger_depth() = 0)
execute function internal.renew_results_of_sequences();

create or replace trigger sequences_record_row_change
after insert or update or delete on aspen.sequences
for each row
execute function internal.record_row_change();

create or replace trigger sequences_raise_problems
after insert or update on aspen.sequences
for each statement
execute function internal.raise_problems();

create or replace trigger sequences_refuse_noted_values
after insert or update on aspen.sequences
for each statement
execute function internal.refuse_noted_values();

create or replace trigger phylo_trees_note_insert
after insert on aspen.phylo_trees
referencing new table as changed_rows
for each statement
when (current_setting('aspen.moves_group', true) is distinct from 'on')
execute function internal.note_events();

create or replace trigger phylo_trees_note_update
after update on aspen.phylo_trees
referencing new table as changed_rows
for each statement
execute function internal.note_events();

create or replace trigger lineages_check_values
before insert or update on aspen.lineages
for each row
execute function internal.check_values('pathogen_id', 'lineage');

create or replace trigger lineages_raise_problems
after insert or update on aspen.lineages
for each statement
execute function internal.raise_problems();

create or replace trigger lineages_refuse_noted_values
after insert or update on aspen.lineages
for each statement
execute function internal.refuse_noted_values();

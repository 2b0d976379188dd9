create or replace trigger lineage_aliases_check_values
before insert or update on aspen.lineage_aliases
for each row
execute function internal.check_values('pathogen_id', 'alias', 'patterns');

create or replace trigger lineage_aliases_raise_problems
after insert or update on aspen.lineage_aliases
for each statement
execute function internal.raise_problems();

create or replace trigger lineage_aliases_refuse_noted_values
after insert or update on aspen.lineage_aliases
for each statement
execute function internal.refuse_noted_values();

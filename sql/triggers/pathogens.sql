create or replace trigger pathogens_check_values
before insert or update on aspen.pathogens
for each row
execute function internal.check_values(
    'slug', 'name', 'organism', 'has_lineage_filter', 'has_usher'
);

create or replace trigger pathogens_raise_problems
after insert or update on aspen.pathogens
for each statement
execute function internal.raise_problems();

create or replace trigger pathogens_refuse_noted_values
after insert or update on aspen.pathogens
for each statement
execute function internal.refuse_noted_values();

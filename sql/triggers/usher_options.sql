create or replace trigger usher_options_check_values
before insert or update on aspen.usher_options
for each row
execute function internal.check_values('pathogen_id', 'description', 'value');

create or replace trigger usher_options_raise_problems
after insert or update on aspen.usher_options
for each statement
execute function internal.raise_problems();

create or replace trigger usher_options_refuse_noted_values
after insert or update on aspen.usher_options
for each statement
execute function internal.refuse_noted_values();

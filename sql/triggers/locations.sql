create or replace trigger locations_check_values
before insert or update on aspen.locations
for each row
execute function internal.check_values('region');

create or replace trigger locations_raise_problems
after insert or update on aspen.locations
for each statement
execute function internal.raise_problems();

create or replace trigger locations_refuse_noted_values
after insert or update on aspen.locations
for each statement
execute function internal.refuse_noted_values();

create or replace trigger locations_tidy_names
before insert or update of region, country, division, location on aspen.locations
for each row
execute function internal.tidy_location();

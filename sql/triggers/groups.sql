create or replace trigger groups_check_values
before insert or update on aspen.groups
for each row
execute function internal.check_values('name', 'prefix');

create or replace trigger groups_raise_problems
after insert or update on aspen.groups
for each statement
execute function internal.raise_problems();

create or replace trigger groups_refuse_noted_values
after insert or update on aspen.groups
for each statement
execute function internal.refuse_noted_values();

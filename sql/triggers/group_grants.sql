create or replace trigger group_grants_check_values
before insert or update on aspen.group_grants
for each row
execute function internal.check_values('role');

create or replace trigger group_grants_raise_problems
after insert or update on aspen.group_grants
for each statement
execute function internal.raise_problems();

create or replace trigger group_grants_refuse_noted_values
after insert or update on aspen.group_grants
for each statement
execute function internal.refuse_noted_values();

create or replace trigger users_check_values
before insert or update on aspen.users
for each row
execute function internal.check_values('name', 'agreed_to_tos');

create or replace trigger users_raise_problems
after insert or update on aspen.users
for each statement
execute function internal.raise_problems();

create or replace trigger users_refuse_noted_values
after insert or update on aspen.users
for each statement
execute function internal.refuse_noted_values();

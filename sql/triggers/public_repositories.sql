create or replace trigger public_repositories_check_values
before insert or update on aspen.public_repositories
for each row
execute function internal.check_values('name');

create or replace trigger public_repositories_raise_problems
after insert or update on aspen.public_repositories
for each statement
execute function internal.raise_problems();

create or replace trigger public_repositories_refuse_noted_values
after insert or update on aspen.public_repositories
for each statement
execute function internal.refuse_noted_values();

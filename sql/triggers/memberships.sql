create or replace trigger memberships_check_values
before insert or update on aspen.memberships
for each row
execute function internal.check_values('role');

create or replace trigger memberships_keep_an_admin_update
after update on aspen.memberships
referencing old table as old_rows
for each statement
execute function internal.keep_an_admin();

-- A group that is erased keeps nobody.
create or replace trigger memberships_keep_an_admin_delete
after delete on aspen.memberships
referencing old table as old_rows
for each statement
when (current_setting('aspen.moves_group', true) is distinct from 'on')
execute function internal.keep_an_admin();

create or replace trigger memberships_raise_problems
after insert or update on aspen.memberships
for each statement
execute function internal.raise_problems();

create or replace trigger memberships_refuse_noted_values
after insert or update on aspen.memberships
for each statement
execute function internal.refuse_noted_values();

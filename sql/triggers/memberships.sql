create or replace trigger memberships_keep_an_admin_update
after update on aspen.memberships
referencing old table as old_rows
for each statement
execute function internal.keep_an_admin();

create or replace trigger memberships_keep_an_admin_delete
after delete on aspen.memberships
referencing old table as old_rows
for each statement
execute function internal.keep_an_admin();

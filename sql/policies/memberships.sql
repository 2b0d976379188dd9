-- NOTE: nothing is granted to API roles: no resource of the API shows this table.

alter table aspen.memberships enable row level security;

alter table aspen.memberships force row level security;

grant select on aspen.memberships to claims_reader;

drop policy if exists memberships_fence on aspen.memberships;

create policy memberships_fence on aspen.memberships
as restrictive
for all
to member
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
    or current_user = 'operator'
)
with check (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
    or current_user = 'operator'
);

comment on policy memberships_fence on aspen.memberships is
'Only groups the caller sees, operators all, whatever else is allowed';

drop policy if exists memberships_select_member on aspen.memberships;

create policy memberships_select_member on aspen.memberships
for select
to member
using (
    group_id = any(nullif(current_setting('aspen.member_groups', true), '')::bigint[])
);

comment on policy memberships_select_member on aspen.memberships is
'Direct members and admins read the members of their group';

drop policy if exists memberships_select_operator on aspen.memberships;

create policy memberships_select_operator on aspen.memberships
for select
to operator
using (true);

comment on policy memberships_select_operator on aspen.memberships is
'Operators read the members of every group';

drop policy if exists memberships_select_claims_reader on aspen.memberships;

create policy memberships_select_claims_reader on aspen.memberships
for select
to claims_reader
using (true);

comment on policy memberships_select_claims_reader on aspen.memberships is
'To find what a user may see';

create or replace trigger memberships_record_insert
after insert on aspen.memberships
referencing new table as changed_rows
for each statement
execute function internal.record_access_changes('id', 'user_id', 'role');

create or replace trigger memberships_record_update
after update on aspen.memberships
referencing old table as old_rows new table as changed_rows
for each statement
execute function internal.record_access_changes('id', 'user_id', 'role');

create or replace trigger memberships_record_delete
after delete on aspen.memberships
referencing old table as changed_rows
for each statement
execute function internal.record_access_changes('id', 'user_id', 'role');

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

-- NOTE: nothing is granted to API roles: no resource of the API shows this table.

alter table aspen.invitations enable row level security;

alter table aspen.invitations force row level security;

drop policy if exists invitations_fence on aspen.invitations;

create policy invitations_fence on aspen.invitations
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

comment on policy invitations_fence on aspen.invitations is
'Only groups the caller sees, operators all, whatever else is allowed';

drop policy if exists invitations_select_member on aspen.invitations;

create policy invitations_select_member on aspen.invitations
for select
to member
using (
    group_id = any(nullif(current_setting('aspen.member_groups', true), '')::bigint[])
);

comment on policy invitations_select_member on aspen.invitations is
'Direct members and admins read the invitations of their group';

drop policy if exists invitations_select_operator on aspen.invitations;

create policy invitations_select_operator on aspen.invitations
for select
to operator
using (true);

comment on policy invitations_select_operator on aspen.invitations is
'Operators read the invitations of every group';

create or replace trigger invitations_record_insert
after insert on aspen.invitations
referencing new table as changed_rows
for each statement
execute function internal.record_access_changes(
    'id', 'role', 'expires_at', 'accepted_at', 'revoked_at'
);

create or replace trigger invitations_record_update
after update on aspen.invitations
referencing old table as old_rows new table as changed_rows
for each statement
execute function internal.record_access_changes(
    'id', 'role', 'expires_at', 'accepted_at', 'revoked_at'
);

create or replace trigger invitations_record_delete
after delete on aspen.invitations
referencing old table as changed_rows
for each statement
execute function internal.record_access_changes(
    'id', 'role', 'expires_at', 'accepted_at', 'revoked_at'
);

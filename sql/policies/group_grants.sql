-- NOTE: nothing is granted to API roles: no resource of the API shows this table.

alter table aspen.group_grants enable row level security;

alter table aspen.group_grants force row level security;

grant select on aspen.group_grants to claims_reader;

drop policy if exists group_grants_fence on aspen.group_grants;

create policy group_grants_fence on aspen.group_grants
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

comment on policy group_grants_fence on aspen.group_grants is
'Only groups the caller sees, operators all, whatever else is allowed';

drop policy if exists group_grants_select_member on aspen.group_grants;

create policy group_grants_select_member on aspen.group_grants
for select
to member
using (
    group_id = any(nullif(current_setting('aspen.member_groups', true), '')::bigint[])
);

comment on policy group_grants_select_member on aspen.group_grants is
'Direct members and admins read the grants of their group';

drop policy if exists group_grants_select_operator on aspen.group_grants;

create policy group_grants_select_operator on aspen.group_grants
for select
to operator
using (true);

comment on policy group_grants_select_operator on aspen.group_grants is
'Operators read the grants of every group';

drop policy if exists group_grants_select_claims_reader on aspen.group_grants;

create policy group_grants_select_claims_reader on aspen.group_grants
for select
to claims_reader
using (true);

comment on policy group_grants_select_claims_reader on aspen.group_grants is
'To find what a user may see';

create or replace trigger group_grants_record_insert
after insert on aspen.group_grants
referencing new table as changed_rows
for each statement
execute function internal.record_access_changes('id', 'grantee_group_id', 'role');

create or replace trigger group_grants_record_update
after update on aspen.group_grants
referencing old table as old_rows new table as changed_rows
for each statement
execute function internal.record_access_changes('id', 'grantee_group_id', 'role');

create or replace trigger group_grants_record_delete
after delete on aspen.group_grants
referencing old table as changed_rows
for each statement
execute function internal.record_access_changes('id', 'grantee_group_id', 'role');

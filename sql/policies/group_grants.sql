-- NOTE: grants are made by grant_access alone, which finds the grantee by its name. Whoever may
-- insert ids could try them all, and would learn which groups there are.

grant select on aspen.group_grants to member, claims_reader, api_writer;
grant update (role, ends_at) on aspen.group_grants to member;
grant delete on aspen.group_grants to member;
grant insert (
    group_id, grantee_group_id, role, ends_at, granted_by_id
) on aspen.group_grants to api_writer;

create policy group_grants_select_member on aspen.group_grants
for select to member, api_writer
using (
    group_id = any(authz.member_groups()) or grantee_group_id = any(authz.member_groups())
);

comment on policy group_grants_select_member on aspen.group_grants is
'Direct members and admins read the grants of their group, on both sides';

create policy group_grants_select_operator on aspen.group_grants
for select to operator
using (true);

comment on policy group_grants_select_operator on aspen.group_grants is
'Operators read the grants of every group';

create policy group_grants_select_claims_reader on aspen.group_grants
for select to claims_reader
using (true);

comment on policy group_grants_select_claims_reader on aspen.group_grants is
'To find what a user may see';

create policy group_grants_insert_api_writer on aspen.group_grants
for insert to api_writer
with check (group_id = any(authz.admin_groups()));

comment on policy group_grants_insert_api_writer on aspen.group_grants is
'Direct admins grant access to the data of their group';

create policy group_grants_update_admin on aspen.group_grants
for update to member
using (group_id = any(authz.admin_groups()))
with check (group_id = any(authz.admin_groups()));

comment on policy group_grants_update_admin on aspen.group_grants is
'Direct admins change the role and the end of a grant of their group';

create policy group_grants_delete_admin on aspen.group_grants
for delete to member
using (group_id = any(authz.admin_groups()));

comment on policy group_grants_delete_admin on aspen.group_grants is
'Direct admins revoke a grant of their group';

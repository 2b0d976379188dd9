-- NOTE: nobody inserts: people join by accepting an invitation.

grant select on aspen.memberships to member, claims_reader, registrar;
grant update (role) on aspen.memberships to member, registrar;
grant delete on aspen.memberships to member;
grant insert (group_id, user_id, role) on aspen.memberships to registrar;

create policy memberships_select_member on aspen.memberships
for select to member
using (group_id = any(authz.member_groups()) or user_id = authz.caller_id());

comment on policy memberships_select_member on aspen.memberships is
'Direct members and admins read the members; all users themselves';

create policy memberships_select_operator on aspen.memberships
for select to operator
using (true);

comment on policy memberships_select_operator on aspen.memberships is
'Operators read the members of every group';

create policy memberships_select_claims_reader on aspen.memberships
for select to claims_reader
using (true);

comment on policy memberships_select_claims_reader on aspen.memberships is
'To find what a user may see';

create policy memberships_select_registrar on aspen.memberships
for select to registrar
using (true);

comment on policy memberships_select_registrar on aspen.memberships is
'To find who of the invited is a member already';

create policy memberships_insert_registrar on aspen.memberships
for insert to registrar
with check (true);

comment on policy memberships_insert_registrar on aspen.memberships is
'Whoever accepts an invitation joins';

create policy memberships_update_admin on aspen.memberships
for update to member
using (group_id = any(authz.admin_groups()))
with check (group_id = any(authz.admin_groups()));

comment on policy memberships_update_admin on aspen.memberships is
'Direct admins set the roles in their group';

create policy memberships_update_registrar on aspen.memberships
for update to registrar
using (true)
with check (true);

comment on policy memberships_update_registrar on aspen.memberships is
'A member who accepts an invitation gets the stronger role';

create policy memberships_delete_admin on aspen.memberships
for delete to member
using (
    group_id = any(authz.admin_groups())
    or (user_id = authz.caller_id() and authz.machine_token_id() is null)
);

comment on policy memberships_delete_admin on aspen.memberships is
'Direct admins remove members; users may leave, their programs may not';

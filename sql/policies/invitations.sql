-- NOTE: nothing is granted to API roles: no resource of the API shows this table.

create policy invitations_select_member on aspen.invitations
for select to member
using (group_id = any(authz.member_groups()));

comment on policy invitations_select_member on aspen.invitations is
'Direct members and admins read the invitations of their group';

create policy invitations_select_operator on aspen.invitations
for select to operator
using (true);

comment on policy invitations_select_operator on aspen.invitations is
'Operators read the invitations of every group';

-- NOTE: nothing is granted to API roles: no resource of the API shows this table.

grant select on aspen.memberships to claims_reader;

create policy memberships_select_member on aspen.memberships
for select to member
using (group_id = any(authz.member_groups()));

comment on policy memberships_select_member on aspen.memberships is
'Direct members and admins read the members of their group';

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

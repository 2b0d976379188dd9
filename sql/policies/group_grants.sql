-- NOTE: nothing is granted to API roles: no resource of the API shows this table.

grant select on aspen.group_grants to claims_reader;

create policy group_grants_select_member on aspen.group_grants
for select to member
using (group_id = any(authz.member_groups()));

comment on policy group_grants_select_member on aspen.group_grants is
'Direct members and admins read the grants of their group';

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

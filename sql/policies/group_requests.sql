-- NOTE: no write is granted: the control plane counts.

grant select on aspen.group_requests to member, claims_reader, observer;

create policy group_requests_select_group on aspen.group_requests
for select to member
using (group_id = any(authz.member_groups()));

comment on policy group_requests_select_group on aspen.group_requests is
'Direct members and admins see the requests of their group';

create policy group_requests_select_claims_reader on aspen.group_requests
for select to claims_reader
using (true);

comment on policy group_requests_select_claims_reader on aspen.group_requests is
'To keep the limits of the groups of a caller';

create policy group_requests_select_observer on aspen.group_requests
for select to observer
using (true);

comment on policy group_requests_select_observer on aspen.group_requests is
'To tell which groups send most requests';

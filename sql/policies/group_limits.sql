-- NOTE: no write is granted: operators set limits by control group limit.

grant select on aspen.group_limits to member;
grant select on aspen.group_limits to results_keeper, observer;
grant select (group_id, most_requests_per_day) on aspen.group_limits to claims_reader;

create policy group_limits_select_group on aspen.group_limits
for select to member
using (group_id = any(authz.member_groups()));

comment on policy group_limits_select_group on aspen.group_limits is
'Direct members and admins see the limits of their group';

create policy group_limits_select_results_keeper on aspen.group_limits
for select to results_keeper
using (true);

comment on policy group_limits_select_results_keeper on aspen.group_limits is
'To keep the limits of any group, whoever writes';

create policy group_limits_select_claims_reader on aspen.group_limits
for select to claims_reader
using (true);

comment on policy group_limits_select_claims_reader on aspen.group_limits is
'To keep the limits of the groups of a caller';

create policy group_limits_select_observer on aspen.group_limits
for select to observer
using (true);

comment on policy group_limits_select_observer on aspen.group_limits is
'To tell which groups are near a limit';

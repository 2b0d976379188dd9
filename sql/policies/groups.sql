-- NOTE: name and prefix are unique across groups and prefix is part of identifiers: they are set
-- once, by an operator.

grant select on aspen.groups to member, claims_reader;
grant select (
    id, name, prefix, submitting_lab, address, default_tree_location_id
) on aspen.groups to api_writer;
grant select (id, name) on aspen.groups to registrar;
grant update (
    submitting_lab, address, division, location, default_tree_location_id
) on aspen.groups to member;
grant insert (
    name, prefix, submitting_lab, address, division, location, default_tree_location_id
) on aspen.groups to operator;
grant select (id, name, division, location) on aspen.groups to job_runner;

create policy groups_select_member on aspen.groups
for select to member
using (id = any(authz.member_groups()));

comment on policy groups_select_member on aspen.groups is
'Direct members and admins read their group';

create policy groups_select_operator on aspen.groups
for select to operator
using (true);

comment on policy groups_select_operator on aspen.groups is 'Operators read every group';

create policy groups_select_claims_reader on aspen.groups
for select to claims_reader
using (true);

comment on policy groups_select_claims_reader on aspen.groups is 'To name the groups of a token';

create policy groups_select_api_writer on aspen.groups
for select to api_writer
using (true);

comment on policy groups_select_api_writer on aspen.groups is
'For the prefix in public identifiers, and to find a grantee by its name';

create policy groups_select_registrar on aspen.groups
for select to registrar
using (true);

comment on policy groups_select_registrar on aspen.groups is
'To name the group in an invitation';

create policy groups_insert_operator on aspen.groups
for insert to operator
with check (true);

comment on policy groups_insert_operator on aspen.groups is 'Operators create groups';

create policy groups_update_admin on aspen.groups
for update to member
using (id = any(authz.admin_groups()))
with check (id = any(authz.admin_groups()));

comment on policy groups_update_admin on aspen.groups is 'Direct admins edit their group';

create policy groups_select_job_runner on aspen.groups
for select to job_runner
using (id = authz.job_group_id());

comment on policy groups_select_job_runner on aspen.groups is
'The group of the calling job';

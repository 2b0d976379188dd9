grant select on aspen.users to member, claims_reader;
grant update (
    name, agreed_to_tos, acknowledged_policy_version, gisaid_submitter_id
) on aspen.users to member;

create policy users_select_own on aspen.users
for select to member
using (id = authz.caller_id());

comment on policy users_select_own on aspen.users is 'Users read themselves';

create policy users_select_claims_reader on aspen.users
for select to claims_reader
using (true);

comment on policy users_select_claims_reader on aspen.users is 'To find the user of a token';

create policy users_update_own on aspen.users
for update to member
using (id = authz.caller_id())
with check (id = authz.caller_id());

comment on policy users_update_own on aspen.users is 'Users edit themselves';

grant select on aspen.users to member, claims_reader;
grant select (id, subject, email) on aspen.users to registrar;
grant insert (subject, name, email) on aspen.users to registrar;
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

create policy users_select_registrar on aspen.users
for select to registrar
using (true);

comment on policy users_select_registrar on aspen.users is
'To find who of the invited has a user already';

create policy users_insert_registrar on aspen.users
for insert to registrar
with check (true);

comment on policy users_insert_registrar on aspen.users is
'Whoever accepts an invitation becomes a user';

create policy users_update_own on aspen.users
for update to member
using (id = authz.caller_id() and authz.machine_token_id() is null)
with check (id = authz.caller_id() and authz.machine_token_id() is null);

comment on policy users_update_own on aspen.users is
'Users edit themselves, not their machine tokens';

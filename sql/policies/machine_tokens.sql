-- NOTE: tokens are made by the control plane, which has the keys that sign them.

grant select (
    id, group_id, user_id, name, scope, created_at, expires_at, revoked_at, last_used_at
) on aspen.machine_tokens to member, api_writer;
grant select on aspen.machine_tokens to claims_reader;
grant update (revoked_at) on aspen.machine_tokens to api_writer;

create policy machine_tokens_select_group on aspen.machine_tokens
for select to member, api_writer
using (group_id = any(authz.admin_groups()) or user_id = authz.caller_id());

comment on policy machine_tokens_select_group on aspen.machine_tokens is
'Admins see the tokens of their group, users those that act as them';

create policy machine_tokens_select_claims_reader on aspen.machine_tokens
for select to claims_reader
using (true);

comment on policy machine_tokens_select_claims_reader on aspen.machine_tokens is
'To find the token of a request';

create policy machine_tokens_update_group on aspen.machine_tokens
for update to api_writer
using (group_id = any(authz.admin_groups()) or user_id = authz.caller_id())
with check (group_id = any(authz.admin_groups()) or user_id = authz.caller_id());

comment on policy machine_tokens_update_group on aspen.machine_tokens is
'Tokens are revoked by direct admins of the group and by whom they act as';

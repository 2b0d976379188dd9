-- NOTE: nobody but the control plane reads the secret, which signs messages. The address is for
-- admins alone: it may contain a key of the receiver.

grant select (
    id, group_id, url, kinds, is_enabled, created_by_id, created_at, updated_at, last_event_id,
    pending_event_id, attempt_count, next_attempt_at, last_delivered_at, last_status, last_problem,
    stopped_at, former_secret_ends_at
) on aspen.webhooks to member, api_writer;
grant update (is_enabled) on aspen.webhooks to member;
grant delete on aspen.webhooks to member;
grant insert (
    group_id, url, kinds, secret, created_by_id, last_event_id
) on aspen.webhooks to api_writer;
grant update (
    last_event_id, pending_event_id, attempt_count, next_attempt_at, last_problem, stopped_at,
    secret, former_secret_ends_at
) on aspen.webhooks to api_writer;
grant select (
    group_id, is_enabled, last_event_id, next_attempt_at, stopped_at
) on aspen.webhooks to observer;

create policy webhooks_select_admin on aspen.webhooks
for select to member, api_writer
using (group_id = any(authz.admin_groups()));

comment on policy webhooks_select_admin on aspen.webhooks is
'Direct admins read the webhooks of their group';

create policy webhooks_insert_admin on aspen.webhooks
for insert to api_writer
with check (group_id = any(authz.admin_groups()) and created_by_id = authz.caller_id());

comment on policy webhooks_insert_admin on aspen.webhooks is
'Direct admins make webhooks of their own';

create policy webhooks_update_admin on aspen.webhooks
for update to member
using (group_id = any(authz.admin_groups()))
with check (group_id = any(authz.admin_groups()));

comment on policy webhooks_update_admin on aspen.webhooks is
'Direct admins pause the webhooks of their group';

create policy webhooks_update_api_writer on aspen.webhooks
for update to api_writer
using (group_id = any(authz.admin_groups()))
with check (group_id = any(authz.admin_groups()));

comment on policy webhooks_update_api_writer on aspen.webhooks is
'Direct admins let a webhook of their group begin again';

create policy webhooks_delete_admin on aspen.webhooks
for delete to member
using (group_id = any(authz.admin_groups()));

comment on policy webhooks_delete_admin on aspen.webhooks is
'Direct admins delete the webhooks of their group';

create policy webhooks_select_observer on aspen.webhooks
for select to observer
using (true);

comment on policy webhooks_select_observer on aspen.webhooks is
'To count webhooks and tell how late they are';

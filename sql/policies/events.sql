-- NOTE: no write is granted: the control plane numbers events.
-- The fence says word for word what the select policy says (policies/samples.sql).

grant select (
    id, group_id, kind, row_id, status, disclosed_at, occurred_at
) on aspen.events to member;
grant select (id, group_id, disclosed_at) on aspen.events to api_writer;
grant select (id, group_id) on aspen.events to observer;

create policy events_select_group on aspen.events
for select to member, api_writer
using (
    group_id = any(authz.any_groups())
    and (disclosed_at <= now() or group_id = any(authz.full_groups()))
);

comment on policy events_select_group on aspen.events is
'Like the row: viewers see what happened to a sample once it is disclosed';

create policy events_select_observer on aspen.events
for select to observer
using (true);

comment on policy events_select_observer on aspen.events is
'To tell how many there are and which webhooks lag';

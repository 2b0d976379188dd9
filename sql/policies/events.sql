-- NOTE: no write is granted: the control plane numbers events.
-- structure.sql adds the policy by which members read them, as it does for the rows of samples.

grant select (
    id, group_id, kind, row_id, status, disclosed_at, occurred_at
) on aspen.events to member;
grant select (id, group_id, disclosed_at) on aspen.events to api_writer;
grant select (id, group_id) on aspen.events to observer;

create policy events_select_observer on aspen.events
for select to observer
using (true);

comment on policy events_select_observer on aspen.events is
'To tell how many there are and which webhooks lag';

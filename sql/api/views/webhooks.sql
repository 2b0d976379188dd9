create or replace view api.webhooks
with (security_invoker = true)
as
select
    webhooks.id,
    webhooks.group_id,
    webhooks.url,
    webhooks.kinds,
    webhooks.is_enabled,
    webhooks.created_by_id,
    webhooks.created_at,
    webhooks.updated_at,
    webhooks.last_event_id,
    webhooks.attempt_count,
    webhooks.next_attempt_at,
    webhooks.last_delivered_at,
    webhooks.last_status,
    webhooks.last_problem,
    webhooks.stopped_at,
    webhooks.former_secret_ends_at
from aspen.webhooks as webhooks;

alter view api.webhooks alter column is_enabled set default true;

comment on view api.webhooks is $$Addresses to which the events of a group are sent

Direct admins of the group see its webhooks, make them with create_webhook, pause them with PATCH of is_enabled and
delete them. Events are sent in the order of their ids, each at least once, and only those that whoever made the
webhook may see at that time. A message that fails is tried again, ten times within two days; then, or if its
maker has left the group, the webhook stops. replay_webhook lets it go on, without a gap.$$;

comment on column api.webhooks.id is 'Identifier of the row';
comment on column api.webhooks.group_id is 'Group whose events are sent';
comment on column api.webhooks.url is 'Address to which they are sent';
comment on column api.webhooks.kinds is 'Kinds of events that are sent; see events';
comment on column api.webhooks.is_enabled is $$Whether messages are sent

What happens while it is false is sent later.$$;
comment on column api.webhooks.created_by_id is
'User who made it, and whose rights count; null if deleted';
comment on column api.webhooks.created_at is 'When it was made';
comment on column api.webhooks.updated_at is 'When it, or where it stands, last changed';
comment on column api.webhooks.last_event_id is 'Last event that was delivered or passed over';
comment on column api.webhooks.attempt_count is 'How often the message that waits has failed';
comment on column api.webhooks.next_attempt_at is 'From when on the next message may be sent';
comment on column api.webhooks.last_delivered_at is 'When a message last arrived; null if none';
comment on column api.webhooks.last_status is
'HTTP status of the last answer; null if there was none';
comment on column api.webhooks.last_problem is 'Why the last message failed; null if it did not';
comment on column api.webhooks.stopped_at is 'When sending was given up; null if it was not';
comment on column api.webhooks.former_secret_ends_at is
$$When the former secret ceases to sign as well; null without one

See rotate_webhook_secret.$$;

grant select, update, delete on api.webhooks to member;
grant select on api.webhooks to api_writer;

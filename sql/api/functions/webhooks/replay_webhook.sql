create or replace function api.replay_webhook(id bigint, after_event_id bigint default null)
returns setof api.webhooks
language sql
volatile
security invoker
rows 1
begin atomic
    select internal.replay_webhook(replay_webhook.id, replay_webhook.after_event_id);
end;

comment on function api.replay_webhook(bigint, bigint) is $$Send the events of a webhook again, or go on

id: a webhook of a group where you are directly admin. after_event_id: the events after this one are sent, also
those that were delivered; without it, those that were not. A webhook that was stopped goes on, and a message
that waits is tried at once. Returns the webhook. Errors: 400 invalid_argument, 404 webhook_not_found.$$;

revoke all on function api.replay_webhook(bigint, bigint) from public;
grant execute on function api.replay_webhook(bigint, bigint) to member;

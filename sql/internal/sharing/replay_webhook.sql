-- definer because members may not write where a webhook stands; row-level security applies to
-- api_writer as well, so a webhook that the caller does not see is as if absent.
create or replace function internal.replay_webhook(id bigint, after_event_id bigint)
returns setof api.webhooks
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    if replay_webhook.after_event_id < 0 then
        perform internal.fail(400, 'invalid_argument', 'after_event_id must be the id of an event',
            json_build_array(json_build_object('field', 'after_event_id', 'value',
                replay_webhook.after_event_id, 'reason', 'must not be negative'))::text);
    end if;
    -- A later event than the last would leave out those between.
    update aspen.webhooks as webhooks
    set
        last_event_id = least(
            webhooks.last_event_id,
            coalesce(replay_webhook.after_event_id, webhooks.last_event_id)
        ),
        pending_event_id = null,
        attempt_count = 0,
        next_attempt_at = now(),
        last_problem = null,
        stopped_at = null
    where webhooks.id = replay_webhook.id;
    if not found then
        perform internal.fail(404, 'webhook_not_found', 'There is no such webhook',
            json_build_object('id', replay_webhook.id)::text, 'Look it up in webhooks.');
    end if;
    return query select webhooks.* from api.webhooks as webhooks where webhooks.id = replay_webhook.id;
end
$$;

comment on function internal.replay_webhook(bigint, bigint) is
'Let a webhook begin again for api.replay_webhook, as api_writer';

revoke all on function internal.replay_webhook(bigint, bigint) from public;
grant execute on function internal.replay_webhook(bigint, bigint) to member;

select webhooks.id
from aspen.webhooks as webhooks
where
    webhooks.is_enabled
    and webhooks.stopped_at is null
    and webhooks.next_attempt_at <= now()
    and exists (
        select from aspen.events as events
        where
            events.group_id = webhooks.group_id
            and events.id > webhooks.last_event_id
            and events.kind = any(webhooks.kinds)
    )
order by webhooks.next_attempt_at, webhooks.id
limit 100

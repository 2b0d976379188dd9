select
    webhooks.id,
    webhooks.group_id,
    webhooks.url,
    webhooks.kinds,
    array_remove(
        array[
            webhooks.secret,
            case when webhooks.former_secret_ends_at > now() then webhooks.former_secret end
        ],
        null
    ) as secrets,
    makers.subject,
    webhooks.last_event_id,
    webhooks.pending_event_id,
    webhooks.attempt_count,
    coalesce((
        select max(events.id) from aspen.events as events
        where events.group_id = webhooks.group_id
    ), webhooks.last_event_id) as newest
from aspen.webhooks as webhooks
left join aspen.users as makers on webhooks.created_by_id = makers.id
where
    webhooks.id = %(id)s
    and webhooks.is_enabled
    and webhooks.stopped_at is null
    and webhooks.next_attempt_at <= now()

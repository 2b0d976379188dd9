select
    events.id,
    events.group_id,
    events.kind,
    events.row_id,
    events.status,
    events.occurred_at
from api.events as events
where
    events.group_id = %(group_id)s
    and events.id > %(last_event_id)s
    and events.id <= coalesce(%(pending_event_id)s::bigint, %(newest)s)
    and events.kind = any(%(kinds)s)
order by events.id
limit %(most)s

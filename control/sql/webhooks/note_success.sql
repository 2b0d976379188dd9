-- If somebody has let it begin again since then, it stays there.
update aspen.webhooks
set
    last_event_id = %(upto)s,
    pending_event_id = null,
    attempt_count = 0,
    next_attempt_at = now(),
    last_delivered_at = now(),
    last_status = %(status)s,
    last_problem = null
where id = %(id)s and last_event_id = %(last_event_id)s

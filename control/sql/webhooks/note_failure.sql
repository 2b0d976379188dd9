update aspen.webhooks
set
    pending_event_id = %(upto)s,
    attempt_count = attempt_count + 1,
    next_attempt_at = now() + %(wait)s,
    last_status = %(status)s,
    last_problem = %(problem)s
where id = %(id)s and last_event_id = %(last_event_id)s

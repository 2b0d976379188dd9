-- Keep a message that could not be handled; one that comes again waits again.
insert into aspen.rejected_notifications (message_id, body, reason)
values (%(message_id)s, %(body)s, %(reason)s)
on conflict (message_id) do update
    set
        reason = excluded.reason,
        rejected_at = excluded.rejected_at,
        replayed_at = null;

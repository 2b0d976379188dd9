-- Return what waits to be sent: mails, webhooks and the notes of events.
select
    (
        select count(*) from aspen.mails as mails
        where mails.body is not null and mails.created_at < now() - interval '15 minutes'
    ) as mails_waiting,
    (
        select count(*) from aspen.mails as mails
        where mails.given_up_at > now() - interval '7 days'
    ) as mails_given_up,
    (
        select count(*) from aspen.webhooks as webhooks
        where webhooks.stopped_at is not null
    ) as webhooks_stopped,
    (
        select count(*) from aspen.webhooks as webhooks
        where
            webhooks.is_enabled and webhooks.stopped_at is null
            and webhooks.next_attempt_at < now() - interval '10 minutes'
            and exists (
                select from aspen.events as events
                where events.id > webhooks.last_event_id
            )
    ) as webhooks_late,
    (
        select count(*) from aspen.event_notes as notes
        where notes.occurred_at < now() - interval '10 minutes'
    ) as notes_waiting

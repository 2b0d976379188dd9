-- The oldest row of a queue is the one with the lowest id, found by the key.
create or replace function internal.outbox_metrics()
returns table (name text, labels jsonb, value double precision)
language sql
stable
security invoker
rows 30
begin atomic
    select
        measured.name,
        '{}'::jsonb as labels,
        coalesce(measured.value, 0) as value
    from (
        values
        ('aspen_events', (select max(events.id) from aspen.events as events)::numeric),
        (
            'aspen_oldest_event_note_seconds',
            (
                select extract(epoch from now() - notes.occurred_at)
                from aspen.event_notes as notes
                order by notes.id
                limit 1
            )
        ),
        (
            'aspen_webhook_lag_seconds',
            (
                select max(extract(epoch from now() - webhooks.next_attempt_at))
                from aspen.webhooks as webhooks
                where
                    webhooks.is_enabled
                    and webhooks.stopped_at is null
                    and webhooks.next_attempt_at < now()
                    and exists (
                        select from aspen.events as events
                        where
                            events.group_id = webhooks.group_id
                            and events.id > webhooks.last_event_id
                    )
            )
        ),
        (
            'aspen_mails_waiting',
            (
                select count(*) from aspen.mails as mails
                where mails.sent_at is null and mails.given_up_at is null
            )
        ),
        (
            'aspen_oldest_mail_seconds',
            (
                select extract(epoch from now() - min(mails.created_at))
                from aspen.mails as mails
                where mails.sent_at is null and mails.given_up_at is null
            )
        ),
        (
            'aspen_oldest_job_report_seconds',
            (
                select extract(epoch from now() - reports.reported_at)
                from aspen.job_reports as reports
                where reports.registered_at is null
                order by reports.id
                limit 1
            )
        ),
        (
            'aspen_oldest_object_prune_seconds',
            (
                select extract(epoch from now() - prunes.queued_at)
                from aspen.object_prunes as prunes
                order by prunes.id
                limit 1
            )
        ),
        (
            'aspen_oldest_idempotency_key_seconds',
            (
                select extract(epoch from now() - min(keys.created_at))
                from aspen.idempotency_keys as keys
            )
        )
    ) as measured (name, value)
    union all
    select
        'aspen_webhooks' as name,
        jsonb_build_object('state', states.name) as labels,
        states.webhook_count as value
    from (
        select
            count(*) filter (where webhooks.stopped_at is not null) as stopped,
            count(*) filter (
                where webhooks.stopped_at is null and not webhooks.is_enabled
            ) as paused,
            count(*) filter (where webhooks.stopped_at is null and webhooks.is_enabled) as active
        from aspen.webhooks as webhooks
    ) as counted
    cross join
        lateral (
            values ('active', counted.active), ('paused', counted.paused),
            ('stopped', counted.stopped)
        ) as states (name, webhook_count)
    union all
    select
        'aspen_dead_letters' as name,
        jsonb_build_object('queue', queues.name) as labels,
        queues.letter_count as value
    from (
        values
        (
            'notifications',
            (
                select count(*) from aspen.rejected_notifications as notifications
                where notifications.replayed_at is null
            )
        ),
        (
            'mails',
            (
                select count(*) from aspen.mails as mails
                where mails.given_up_at > now() - interval '7 days'
            )
        ),
        (
            'webhooks',
            (
                select count(*) from aspen.webhooks as webhooks
                where webhooks.stopped_at is not null
            )
        )
    ) as queues (name, letter_count)
    union all
    select
        'aspen_storage_credentials_expiry_seconds' as name,
        jsonb_build_object('bucket', credentials.bucket) as labels,
        extract(epoch from credentials.expires_at - now()) as value
    from aspen.storage_credentials as credentials
    where credentials.expires_at < 'infinity';
end;

comment on function internal.outbox_metrics() is
$$What waits to be sent, registered or deleted, and what was given up

name is one of internal.metric_families.$$;

revoke all on function internal.outbox_metrics() from public;
grant execute on function internal.outbox_metrics() to observer;

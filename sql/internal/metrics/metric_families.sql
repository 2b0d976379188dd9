-- What there is to be watched, in the order of the answer. A sample of a name that is missing here
-- would be lost, so a test compares the two. docs/service-levels.md says which alerts watch them.
create or replace function internal.metric_families()
returns table (number integer, name text, type text, help text)
language sql
immutable
security invoker
rows 40
begin atomic
    select
        families.number,
        families.name,
        families.type,
        families.help
    from (
        values
        (10, 'aspen_jobs_queued', 'gauge', 'Jobs that wait, by kind'),
        (11, 'aspen_jobs_running', 'gauge', 'Jobs that run, by kind'),
        (12, 'aspen_jobs_lost', 'gauge', 'Running jobs whose worker is gone, by kind'),
        (
            13, 'aspen_oldest_waiting_job_seconds', 'gauge',
            'How long the job waits that could have started first, by kind; paused kinds are 0'
        ),
        (
            14, 'aspen_oldest_open_job_seconds', 'gauge',
            'How long ago the oldest job was requested that has not ended, by kind'
        ),
        (15, 'aspen_jobs_ended_in_hour', 'gauge', 'Jobs that ended in the last hour'),
        (16, 'aspen_job_kind_paused', 'gauge', '1 if workers leave jobs of the kind alone'),
        (17, 'aspen_workers', 'gauge', 'Workers that reported in the last 25 seconds'),
        (18, 'aspen_worker_heartbeat_seconds', 'gauge', 'Age of the newest heartbeat of a worker'),
        (20, 'aspen_events', 'counter', 'Events that were numbered'),
        (21, 'aspen_oldest_event_note_seconds', 'gauge', 'How long an event waits for its number'),
        (22, 'aspen_webhooks', 'gauge', 'Webhooks, by state'),
        (23, 'aspen_webhook_lag_seconds', 'gauge', 'How overdue the latest webhook is'),
        (24, 'aspen_mails_waiting', 'gauge', 'Mails to send'),
        (25, 'aspen_oldest_mail_seconds', 'gauge', 'How long a mail waits to be sent'),
        (
            26, 'aspen_dead_letters', 'gauge',
            'What was given up: notifications, mails of the last 7 days, webhooks'
        ),
        (
            27,
            'aspen_oldest_job_report_seconds',
            'gauge',
            'How long a manifest waits to be registered'
        ),
        (
            28,
            'aspen_oldest_object_prune_seconds',
            'gauge',
            'How long an object waits to be deleted'
        ),
        (29, 'aspen_oldest_idempotency_key_seconds', 'gauge', 'Age of the oldest kept answer'),
        (
            30, 'aspen_storage_credentials_expiry_seconds', 'gauge',
            'How long the credentials that sign links are valid, by bucket'
        ),
        (40, 'aspen_connections', 'gauge', 'Connections, by login and state'),
        (41, 'aspen_connections_max', 'gauge', 'Connections that the server accepts'),
        (42, 'aspen_oldest_transaction_seconds', 'gauge', 'Age of the longest transaction'),
        (43, 'aspen_waiting_for_lock', 'gauge', 'Connections that wait for a lock'),
        (44, 'aspen_transaction_id_age', 'gauge', 'Age of the oldest row, in transactions'),
        (45, 'aspen_commits', 'counter', 'Transactions that were committed'),
        (46, 'aspen_rollbacks', 'counter', 'Transactions that were rolled back'),
        (47, 'aspen_deadlocks', 'counter', 'Deadlocks'),
        (48, 'aspen_blocks_read', 'counter', 'Blocks that were read'),
        (49, 'aspen_blocks_hit', 'counter', 'Blocks that were found in memory'),
        (50, 'aspen_temporary_bytes', 'counter', 'Bytes of temporary files'),
        (51, 'aspen_wal_bytes', 'counter', 'Position in the write-ahead log'),
        (52, 'aspen_wal_archived_seconds', 'gauge', 'How long ago a segment was archived'),
        (53, 'aspen_wal_archive_failures', 'counter', 'Segments that could not be archived'),
        (54, 'aspen_is_replica', 'gauge', '1 if this server is a replica'),
        (55, 'aspen_replication_lag_seconds', 'gauge', 'How far a replica is behind, in time'),
        (56, 'aspen_replication_lag_bytes', 'gauge', 'How far a replica is behind, in bytes'),
        (57, 'aspen_replication_slot_bytes', 'gauge', 'What a slot keeps of the write-ahead log'),
        (58, 'aspen_replication_slots_unused', 'gauge', 'Slots from which nobody reads now'),
        (60, 'aspen_database_bytes', 'gauge', 'Size of the database'),
        (61, 'aspen_table_bytes', 'gauge', 'Size of a table with its indexes'),
        (62, 'aspen_table_rows', 'gauge', 'Rows of a table, as the server estimates'),
        (63, 'aspen_table_dead_rows', 'gauge', 'Rows to be vacuumed, as the server estimates'),
        (70, 'aspen_group_jobs_ended_in_day', 'gauge', 'Jobs of a group that ended in 24 hours'),
        (71, 'aspen_group_job_seconds_in_day', 'gauge', 'How long they ran'),
        (72, 'aspen_group_requests_today', 'gauge', 'Requests of a group since midnight UTC'),
        (73, 'aspen_group_usage', 'gauge', 'What a group has or asked for, by kind of limit'),
        (74, 'aspen_group_limit', 'gauge', 'What it may have or ask for at most'),
        (75, 'aspen_all_groups_usage', 'gauge', 'What all groups have or asked for together'),
        (76, 'aspen_group_usage_age_seconds', 'gauge', 'How long ago groups were counted')
    ) as families (number, name, type, help);
end;

comment on function internal.metric_families() is
$$Name, type and meaning of each metric

type: gauge or counter; counters end in _total in the answer, as OpenMetrics wants it.$$;

revoke all on function internal.metric_families() from public;
grant execute on function internal.metric_families() to observer;

-- Needs the rights of pg_read_all_stats: others see no state and no start of a transaction.
-- Logins that are not ours are "other", because their names may be those of people.
create or replace function internal.server_metrics()
returns table (name text, labels jsonb, value double precision)
language sql
volatile
security invoker
rows 50
begin atomic
    with here as (
        select case
            when pg_is_in_recovery() then pg_last_wal_replay_lsn()
            else pg_current_wal_lsn()
        end as lsn
    ),

    sessions as materialized (
        select
            case
                when activity.usename in ('authenticator', 'control', 'analyst')
                    then activity.usename::text
                else 'other'
            end as login,
            coalesce(activity.state, 'unknown') as state,
            activity.xact_start,
            activity.wait_event_type
        from pg_catalog.pg_stat_activity as activity
        where activity.backend_type = 'client backend' and activity.pid <> pg_backend_pid()
    )

    select
        'aspen_connections' as name,
        jsonb_build_object('login', sessions.login, 'state', sessions.state) as labels,
        count(*) as value
    from sessions
    group by sessions.login, sessions.state
    union all
    select
        measured.name,
        '{}' as labels,
        measured.value
    from pg_catalog.pg_stat_database as counters
    cross join pg_catalog.pg_stat_archiver as archiver
    cross join here
    cross join
        lateral (
            values
            ('aspen_connections_max', current_setting('max_connections')::numeric),
            (
                'aspen_oldest_transaction_seconds',
                (
                    select
                        coalesce(
                            extract(epoch from clock_timestamp() - min(sessions.xact_start)), 0
                        )
                    from sessions
                )
            ),
            (
                'aspen_waiting_for_lock',
                (
                    select count(*) from sessions
                    where sessions.wait_event_type = 'Lock'
                )
            ),
            (
                'aspen_transaction_id_age',
                (select max(age(databases.datfrozenxid)) from pg_catalog.pg_database as databases)
            ),
            ('aspen_commits', counters.xact_commit),
            ('aspen_rollbacks', counters.xact_rollback),
            ('aspen_deadlocks', counters.deadlocks),
            ('aspen_blocks_read', counters.blks_read),
            ('aspen_blocks_hit', counters.blks_hit),
            ('aspen_temporary_bytes', counters.temp_bytes),
            ('aspen_wal_bytes', pg_wal_lsn_diff(here.lsn, '0/0')),
            ('aspen_wal_archive_failures', archiver.failed_count),
            (
                'aspen_wal_archived_seconds',
                extract(epoch from now() - archiver.last_archived_time)
            ),
            ('aspen_is_replica', pg_is_in_recovery()::integer),
            -- A replica keeps slots for the day on which it is the primary.
            (
                'aspen_replication_slots_unused',
                (
                    select count(*) from pg_catalog.pg_replication_slots as slots
                    where not slots.active and not pg_is_in_recovery()
                )
            ),
            ('aspen_database_bytes', pg_database_size(counters.datid))
        ) as measured (name, value)
    where counters.datname = current_database() and measured.value is not null
    union all
    select
        measured.name,
        jsonb_build_object(
            'replica',
            coalesce(nullif(replicas.application_name, ''), replicas.client_addr::text, 'unnamed')
        ) as labels,
        measured.value
    from pg_catalog.pg_stat_replication as replicas
    cross join here
    cross join
        lateral (
            values
            (
                'aspen_replication_lag_seconds',
                coalesce(extract(epoch from replicas.replay_lag), 0)
            ),
            (
                'aspen_replication_lag_bytes',
                pg_wal_lsn_diff(here.lsn, replicas.replay_lsn)
            )
        ) as measured (name, value)
    -- Two of one name would be one series twice, which Prometheus rejects as a whole.
    where
        measured.value is not null
        and replicas.pid = (
            select min(others.pid)
            from pg_catalog.pg_stat_replication as others
            where others.application_name is not distinct from replicas.application_name
        )
    union all
    select
        'aspen_replication_slot_bytes' as name,
        jsonb_build_object('slot', slots.slot_name) as labels,
        pg_wal_lsn_diff(here.lsn, slots.restart_lsn) as value
    from pg_catalog.pg_replication_slots as slots
    cross join here
    where slots.restart_lsn is not null;
end;

comment on function internal.server_metrics() is
$$State of the server: connections, transactions, log, replicas

name is one of internal.metric_families.$$;

revoke all on function internal.server_metrics() from public;
grant execute on function internal.server_metrics() to observer;

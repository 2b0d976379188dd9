-- Return the state of the server: its longest transaction, prepared ones, how many transaction
-- numbers are used up, and whether vacuum is on and keeps up.
select
    (
        select extract(epoch from clock_timestamp() - min(sessions.xact_start))::float8
        from pg_catalog.pg_stat_activity as sessions
        where sessions.pid <> pg_backend_pid() and sessions.backend_type = 'client backend'
    ) as transaction_seconds,
    (
        select
            format(
                'process %s of %s (%s)', sessions.pid, coalesce(sessions.usename, '?'),
                coalesce(nullif(sessions.application_name, ''), 'no name')
            )
        from pg_catalog.pg_stat_activity as sessions
        where
            sessions.pid <> pg_backend_pid() and sessions.backend_type = 'client backend'
            and sessions.xact_start is not null
        order by sessions.xact_start
        limit 1
    ) as transaction_of,
    (select count(*) from pg_catalog.pg_prepared_xacts) as prepared,
    (select max(age(databases.datfrozenxid)) from pg_catalog.pg_database as databases)
        as oldest_age,
    current_setting('autovacuum')::boolean and current_setting('track_counts')::boolean as vacuums,
    current_setting('fsync')::boolean
    and current_setting('full_page_writes')::boolean as is_durable,
    coalesce((
        select
            array_agg(
                format('%I.%I', tables.relnamespace::regnamespace, tables.relname)
                order by tables.oid
            )
        from pg_catalog.pg_class as tables
        where tables.reloptions && array['autovacuum_enabled=false', 'autovacuum_enabled=off']
    ), '{}') as not_vacuumed,
    coalesce((
        select
            array_agg(
                format('%I.%I', counters.schemaname, counters.relname)
                order by counters.n_dead_tup desc
            )
        from pg_catalog.pg_stat_user_tables as counters
        where counters.n_dead_tup > 10000 + counters.n_live_tup
    ), '{}') as full_of_dead_rows

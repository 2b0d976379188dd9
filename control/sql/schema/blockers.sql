-- List who holds the locks that the loading of code needs, the longest transaction first.
select
    activity.pid,
    activity.usename as user_name,
    nullif(activity.application_name, '') as application_name,
    pg_catalog.host(activity.client_addr) as address,
    activity.state,
    pg_catalog.to_char(activity.xact_start, 'YYYY-MM-DD HH24:MI:SS TZ')
    || pg_catalog.format(
        ' (%s s ago)',
        extract(epoch from pg_catalog.clock_timestamp() - activity.xact_start)::bigint
    ) as since
from pg_catalog.pg_stat_activity as activity
where
    activity.pid in (
        select locks.pid
        from pg_catalog.pg_locks as locks
        inner join pg_catalog.pg_class as relations on locks.relation = relations.oid
        where
            locks.granted
            and locks.database = (
                select databases.oid from pg_catalog.pg_database as databases
                where databases.datname = pg_catalog.current_database()
            )
            and relations.relnamespace::pg_catalog.regnamespace::text
            ~ '^(aspen|api(_v[0-9]+)?|authz|internal)$'
    )
    and activity.pid <> pg_catalog.pg_backend_pid()
order by activity.xact_start asc nulls first
limit 3;

-- List who receives the write-ahead log, how far behind they are, and what the server keeps for
-- slots that nobody reads.
select
    format('standby %s', coalesce(nullif(senders.application_name, ''), senders.client_addr::text))
        as name,
    extract(epoch from senders.replay_lag)::float8 as seconds,
    pg_wal_lsn_diff(pg_current_wal_lsn(), senders.replay_lsn)::float8 as bytes,
    true as is_active
from pg_catalog.pg_stat_replication as senders
union all
select
    format('slot %s', slots.slot_name) as name,
    null as seconds,
    pg_wal_lsn_diff(pg_current_wal_lsn(), slots.restart_lsn)::float8 as bytes,
    slots.active as is_active
from pg_catalog.pg_replication_slots as slots

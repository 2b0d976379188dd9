"""Give what happened its place in the feed, and delete what is old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql

from control.partitions import Partition, drop_partition, is_month, partitions_of

TABLE = "events"
_STATEMENTS_AT_ONCE = 100
_EVENTS_AT_ONCE = 20_000


def number_events(conn: psycopg.Connection) -> int:
    """Give numbers to all that is committed, and return how many events there were."""
    total = 0
    while True:
        with conn.transaction():
            row = conn.execute(
                "select internal.number_events(%s)",
                [_STATEMENTS_AT_ONCE],
            ).fetchone()
        assert row is not None
        total += int(row[0])
        if row[0] == 0:
            return total


def count_old_events(conn: psycopg.Connection, kept: timedelta) -> int:
    """Return how many events `trim_events` would delete."""
    before = datetime.now(UTC) - kept
    total = 0
    for partition in partitions_of(conn, TABLE):
        if partition.is_over(before) or not is_month(partition):
            row = conn.execute(
                sql.SQL("select count(*) from {} where occurred_at < %s").format(partition.table),
                [before],
            ).fetchone()
            assert row is not None
            total += int(row[0])
    return total


def trim_events(conn: psycopg.Connection, kept: timedelta) -> int:
    """Drop the months whose last event is too old, and return how many events went.

    Events that are in no month of their own are deleted, in pieces.
    """
    before = datetime.now(UTC) - kept
    total = 0
    for partition in partitions_of(conn, TABLE):
        if partition.is_over(before):
            total += drop_partition(conn, partition)
        elif not is_month(partition):
            total += _delete_old(conn, partition, before)
    return total


def _delete_old(conn: psycopg.Connection, partition: Partition, before: datetime) -> int:
    total = 0
    while True:
        deleted = conn.execute(
            sql.SQL(
                "delete from {0} where id in (select id from {0}"
                " where occurred_at < %s order by id limit %s)"
            ).format(partition.table),
            [before, _EVENTS_AT_ONCE],
        ).rowcount
        total += deleted
        if deleted < _EVENTS_AT_ONCE:
            return total

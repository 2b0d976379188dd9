"""Give what happened its place in the feed, and delete what is old."""

from __future__ import annotations

from datetime import timedelta

import psycopg

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
    """Return how many events are older than they are kept."""
    row = conn.execute(
        "select count(*) from aspen.events where occurred_at < now() - %s", [kept]
    ).fetchone()
    assert row is not None
    return int(row[0])


def trim_events(conn: psycopg.Connection, kept: timedelta) -> int:
    """Delete old events from the beginning of the feed, in pieces, and return their number."""
    total = 0
    while True:
        deleted = conn.execute(
            "delete from aspen.events where id in (select id from aspen.events"
            " where occurred_at < now() - %s order by id limit %s)",
            [kept, _EVENTS_AT_ONCE],
        ).rowcount
        total += deleted
        if deleted < _EVENTS_AT_ONCE:
            return total

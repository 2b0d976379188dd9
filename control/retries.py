"""Forget requests with an Idempotency-Key that are older than a day, and their answers."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

_ROWS_AT_ONCE = 1_000


def count_old_keys(conn: psycopg.Connection) -> int:
    """Count the requests that no client can ask for any more."""
    row = conn.execute(
        "select count(*) from aspen.idempotency_keys"
        " where created_at <= now() - interval '24 hours'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def forget_old_keys(conn: psycopg.Connection, echo: Callable[[str], None]) -> int:
    """Delete them in pieces, and return how many were deleted.

    A request that is taking over an old key at the same time keeps it and is not waited for.
    """
    deleted = 0
    while gone := conn.execute(
        "delete from aspen.idempotency_keys where (subject, key_hash) in"
        " (select subject, key_hash from aspen.idempotency_keys"
        " where created_at <= now() - interval '24 hours'"
        " order by created_at limit %s for update skip locked)",
        [_ROWS_AT_ONCE],
    ).rowcount:
        deleted += gone
        echo(f"deleted {deleted} keys")
    return deleted

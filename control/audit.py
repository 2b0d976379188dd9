"""Write to the audit log the changes that no trigger sees, and trim it and what it keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg
from psycopg.types.json import Jsonb

from control.database import connect
from control.errors import ControlError
from control.partitions import drop_partition, partitions_of

if TYPE_CHECKING:
    from control.settings import Settings

KEYS = "token_keys"
LOG = "audit_log"
SEQUENCES = "replaced_sequences"
_ROWS_AT_ONCE = 20_000
_SEQUENCES_AT_ONCE = 500


def record_keys(
    settings: Settings, conn: psycopg.Connection | None, outcome: Mapping[str, str]
) -> str | None:
    """Record what happened to the keys of tokens, by key id; return why it failed, or None.

    The keys are in files and are changed whether or not a database can be reached.
    """
    try:
        if conn is not None:
            _record(conn, KEYS, "update", outcome)
        else:
            with connect(settings, "token keys") as own:
                _record(own, KEYS, "update", outcome)
    except (psycopg.Error, ControlError) as error:
        return f"{error}".strip().splitlines()[0]
    return None


def count_older(conn: psycopg.Connection, than: datetime) -> int:
    """Count the entries of the audit log older than a date."""
    row = conn.execute(
        "select count(*) from aspen.audit_log where occurred_at < %s", [than]
    ).fetchone()
    assert row is not None
    return int(row[0])


def trim_log(conn: psycopg.Connection, older_than: datetime, echo: Callable[[str], None]) -> int:
    """Drop months that are over, delete other old entries in pieces, and return how many went.

    The deletion is recorded. Ids grow with time, so the oldest entries lie together at the
    beginning of the primary key. No request waits for more than one piece.
    """
    deleted = 0
    for partition in partitions_of(conn, LOG):
        if partition.is_over(older_than):
            deleted += drop_partition(
                conn, partition, lambda gone: _record_trim(conn, older_than, gone)
            )
            echo(f"dropped the partition {partition.name}")
    while gone := _trim_once(conn, older_than):
        deleted += gone
        echo(f"deleted {deleted} entries")
    conn.execute("delete from aspen.replaced_sequences where replaced_at < %s", [older_than])
    return deleted


def count_sequences(conn: psycopg.Connection, older_than: datetime) -> int:
    """Count the replaced sequences that are kept and older than a date."""
    row = conn.execute(
        "select count(*) from aspen.replaced_sequences"
        " where replaced_at < %s and sequence is not null",
        [older_than],
    ).fetchone()
    assert row is not None
    return int(row[0])


def trim_sequences(
    conn: psycopg.Connection, older_than: datetime, echo: Callable[[str], None]
) -> int:
    """Empty old replaced sequences in pieces, record it, and return how many.

    The rows stay, so that nobody restores a sample as if it had had no sequence.
    """
    emptied, last = 0, 0
    while found := _empty_once(conn, older_than, last):
        count, last = found
        emptied += count
        echo(f"deleted {emptied} sequences")
    return emptied


def _empty_once(
    conn: psycopg.Connection, older_than: datetime, after: int
) -> tuple[int, int] | None:
    with conn.transaction():
        row = conn.execute(
            "with emptied as (update aspen.replaced_sequences set sequence = null where id in"
            " (select id from aspen.replaced_sequences where id > %s and replaced_at < %s"
            " and sequence is not null order by id limit %s) returning id)"
            " select count(*), max(id) from emptied",
            [after, older_than, _SEQUENCES_AT_ONCE],
        ).fetchone()
        assert row is not None
        count, last = row
        if count == 0:
            return None
        _record(
            conn,
            SEQUENCES,
            "update",
            {"replaced_before": older_than.isoformat(), "sequences": count},
        )
    return count, last


def _trim_once(conn: psycopg.Connection, older_than: datetime) -> int:
    with conn.transaction():
        conn.execute("set local aspen.trims_audit_log = 'on'")
        gone = conn.execute(
            "delete from aspen.audit_log where occurred_at < %s and id in"
            " (select id from aspen.audit_log order by id limit %s)",
            [older_than, _ROWS_AT_ONCE],
        ).rowcount
        if gone:
            _record_trim(conn, older_than, gone)
    return gone


def _record_trim(conn: psycopg.Connection, older_than: datetime, entries: int) -> None:
    _record(conn, LOG, "delete", {"older_than": older_than.isoformat(), "entries": entries})


def _record(
    conn: psycopg.Connection, table: str, action: str, details: Mapping[str, object]
) -> None:
    conn.execute(
        "insert into aspen.audit_log (table_name, action, role_name, details)"
        " values (%s, %s, session_user, %s)",
        [table, action, Jsonb(dict(details))],
    )

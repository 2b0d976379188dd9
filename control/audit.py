"""Write to the audit log the changes that no trigger sees, and trim the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg
from psycopg.types.json import Jsonb

from control.database import connect
from control.errors import ControlError

if TYPE_CHECKING:
    from control.settings import Settings

KEYS = "token_keys"
LOG = "audit_log"
_ROWS_AT_ONCE = 20_000


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
    """Delete old entries in pieces, record the deletion, and return how many were deleted.

    Ids grow with time, so the oldest entries lie together at the beginning of the primary key. No
    request waits for more than one piece.
    """
    deleted = 0
    while gone := _trim_once(conn, older_than):
        deleted += gone
        echo(f"deleted {deleted} entries")
    return deleted


def _trim_once(conn: psycopg.Connection, older_than: datetime) -> int:
    with conn.transaction():
        conn.execute("set local aspen.trims_audit_log = 'on'")
        gone = conn.execute(
            "delete from aspen.audit_log where occurred_at < %s and id in"
            " (select id from aspen.audit_log order by id limit %s)",
            [older_than, _ROWS_AT_ONCE],
        ).rowcount
        if gone:
            _record(conn, LOG, "delete", {"older_than": older_than.isoformat(), "entries": gone})
    return gone


def _record(
    conn: psycopg.Connection, table: str, action: str, details: Mapping[str, object]
) -> None:
    conn.execute(
        "insert into aspen.audit_log (table_name, action, role_name, details)"
        " values (%s, %s, session_user, %s)",
        [table, action, Jsonb(dict(details))],
    )

"""Write to the audit log the changes that no trigger sees, extend and trim it and what it keeps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from control.database import connect
from control.errors import ControlError

if TYPE_CHECKING:
    from control.settings import Settings

KEYS = "token_keys"
LOG = "audit_log"
SEQUENCES = "replaced_sequences"
_ROWS_AT_ONCE = 20_000
_SEQUENCES_AT_ONCE = 500
# Requests wait behind one that waits for a lock, so each attempt is short.
_LOCK_TIMEOUT = "100ms"
_LOCK_ATTEMPTS = 100


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
    conn.execute("delete from aspen.replaced_sequences where replaced_at < %s", [older_than])
    for name in _empty_partitions(conn, older_than):
        _drop_partition(conn, name)
        echo(f"dropped the empty partition {name}")
    return deleted


def extend_log(conn: psycopg.Connection, months: int, *, dry_run: bool) -> list[str]:
    """Make the partitions of this month and of so many after it; return the new ones.

    Only a month whose entries are in another partition already, because none was made in time,
    gets none of its own: its entries stay where they are.
    """
    return [name for name, start, end in _months(months) if _make(conn, name, start, end, dry_run)]


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


def _months(count: int) -> Iterator[tuple[str, datetime, datetime]]:
    """Yield name, start and end of the partitions of this month and of those after it."""
    now = datetime.now(UTC)
    for number in range(now.year * 12 + now.month - 1, now.year * 12 + now.month + count):
        start, end = (datetime(n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in (number, number + 1))
        yield f"audit_log_{start:%Y_%m}", start, end


def _make(
    conn: psycopg.Connection, name: str, start: datetime, end: datetime, dry_run: bool
) -> bool:
    """Make a partition unless its entries are elsewhere; its triggers come with it."""
    table = sql.Identifier("control", name)
    existing = conn.execute("select to_regclass('control.' || %s)", [name]).fetchone()
    if existing != (None,):
        return False
    attach = sql.SQL(
        "alter table aspen.audit_log attach partition {} for values from ({}) to ({})"
    ).format(table, sql.Literal(start.isoformat()), sql.Literal(end.isoformat()))
    try:
        for attempt in range(_LOCK_ATTEMPTS):
            try:
                with conn.transaction(force_rollback=dry_run):
                    conn.execute(
                        "select set_config('lock_timeout', %s, true),"
                        " set_config('role', 'aspen_owner', true)",
                        [_LOCK_TIMEOUT],
                    )
                    conn.execute(
                        sql.SQL(
                            "create table {} (like aspen.audit_log"
                            " including defaults including constraints)"
                        ).format(table)
                    )
                    conn.execute(attach)
                return True
            except psycopg.errors.LockNotAvailable:
                if attempt == _LOCK_ATTEMPTS - 1:
                    raise
                time.sleep(0.2)
    except (psycopg.errors.CheckViolation, psycopg.errors.InvalidObjectDefinition):
        # Its entries are in the default partition, or in that of before there were months.
        return False
    return False


def _empty_partitions(conn: psycopg.Connection, before: datetime) -> list[str]:
    """Return the partitions of months that ended before a date and have no entries left."""
    names = conn.execute(
        "select tables.relname from pg_catalog.pg_inherits as links"
        " inner join pg_catalog.pg_class as tables on links.inhrelid = tables.oid"
        " where links.inhparent = 'aspen.audit_log'::regclass"
        " and tables.relname ~ '^audit_log_[0-9]{4}_[0-9]{2}$' and tables.relname < %s"
        " order by tables.relname",
        [f"audit_log_{before.astimezone(UTC):%Y_%m}"],
    ).fetchall()
    return [
        name
        for (name,) in names
        if conn.execute(
            sql.SQL("select exists (select from {})").format(sql.Identifier("control", name))
        ).fetchone()
        == (False,)
    ]


def _drop_partition(conn: psycopg.Connection, name: str) -> None:
    with conn.transaction():
        conn.execute("select set_config('lock_timeout', '2s', true)")
        conn.execute(sql.SQL("drop table {}").format(sql.Identifier("control", name)))


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

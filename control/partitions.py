"""Make the months of the partitioned tables ahead, and drop those that are over.

Which tables have months is read from the catalogue: those of aspen that are partitioned by ranges
of one time. Each also has a default partition, so that no row is refused. PostgreSQL detaches
nothing concurrently beside a default partition, so a month comes and goes under a lock; it takes a
moment, and whoever waits for it gives up soon and tries again, because requests wait behind it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import psycopg
from psycopg import sql

from control.queries import query

MONTHS_AHEAD = 3
_LOCK_TIMEOUT = "100ms"
_LOCK_ATTEMPTS = 100
_SECONDS_BETWEEN = 0.2
Result = TypeVar("Result")


@dataclass(frozen=True)
class Partition:
    """A partition, and where it ends: never for the default one, which has what no other has."""

    schema: str
    name: str
    ends_at: datetime | None

    @property
    def table(self) -> sql.Identifier:
        """Return its name for a statement."""
        return sql.Identifier(self.schema, self.name)

    def is_over(self, before: datetime) -> bool:
        """Tell whether all of its rows are from before a time."""
        return self.ends_at is not None and self.ends_at <= before


def is_month(partition: Partition) -> bool:
    """Tell whether a partition is that of one month, and not the default or the first one."""
    return partition.ends_at is not None and re.search(r"_\d{4}_\d\d$", partition.name) is not None


def partitioned_tables(conn: psycopg.Connection) -> list[str]:
    """Return the tables of aspen that have a partition for each month."""
    return [name for (name,) in conn.execute(query("partitions/find_tables"))]


def partitions_of(conn: psycopg.Connection, table: str) -> list[Partition]:
    """Return the partitions of a table, the oldest first and the default one last."""
    return [
        Partition(*row)
        for row in conn.execute(query("partitions/find_partitions"), {"table": table})
    ]


def extend_tables(
    conn: psycopg.Connection, months: int = MONTHS_AHEAD, *, dry_run: bool = False
) -> list[str]:
    """Make the partitions of this month and of so many after it; return the new ones.

    Only a month whose rows are in another partition already, because none was made in time, gets
    none of its own: its rows stay where they are.
    """
    return [
        name
        for table in partitioned_tables(conn)
        for name, start, end in _months(table, months)
        if _make(conn, table, name, start, end, dry_run)
    ]


def drop_partition(
    conn: psycopg.Connection,
    partition: Partition,
    record: Callable[[int], object] = lambda rows: None,
) -> int:
    """Drop a partition and have that recorded in the same transaction; return its rows."""

    def drop() -> int:
        row = conn.execute(sql.SQL("select count(*) from {}").format(partition.table)).fetchone()
        assert row is not None
        conn.execute(sql.SQL("drop table {}").format(partition.table))
        if row[0]:
            record(row[0])
        return int(row[0])

    return _with_short_lock(conn, drop, dry_run=False)


def month_name(table: str, month: datetime) -> str:
    """Return the name of the partition of a month."""
    return f"{table}_{month:%Y_%m}"


def first_of_next_month() -> datetime:
    """Return when the next month begins."""
    return _first_of(1)


def _first_of(months: int) -> datetime:
    """Return when the month begins that is so many after this one."""
    now = datetime.now(UTC)
    years, month = divmod(now.year * 12 + now.month - 1 + months, 12)
    return datetime(years, month + 1, 1, tzinfo=UTC)


def _months(table: str, count: int) -> Iterator[tuple[str, datetime, datetime]]:
    """Yield name, start and end of the partitions of this month and of those after it."""
    for number in range(count + 1):
        start, end = _first_of(number), _first_of(number + 1)
        yield month_name(table, start), start, end


def _make(
    conn: psycopg.Connection,
    table: str,
    name: str,
    start: datetime,
    end: datetime,
    dry_run: bool,
) -> bool:
    """Make a partition unless its rows are elsewhere; keys and triggers come with it."""
    existing = conn.execute("select to_regclass('control.' || %s)", [name]).fetchone()
    if existing != (None,):
        return False
    parent, partition = sql.Identifier("aspen", table), sql.Identifier("control", name)

    def make() -> bool:
        conn.execute("set local role aspen_owner")
        conn.execute(
            sql.SQL("create table {} (like {} including defaults including constraints)").format(
                partition, parent
            )
        )
        conn.execute(
            sql.SQL("alter table {} attach partition {} for values from ({}) to ({})").format(
                parent,
                partition,
                sql.Literal(start.isoformat()),
                sql.Literal(end.isoformat()),
            )
        )
        return True

    try:
        return _with_short_lock(conn, make, dry_run=dry_run)
    except (psycopg.errors.CheckViolation, psycopg.errors.InvalidObjectDefinition):
        # Its rows are in the default partition, or in that of before there were months.
        return False


def _with_short_lock(
    conn: psycopg.Connection, do: Callable[[], Result], *, dry_run: bool
) -> Result:
    """Do something in a transaction that waits for locks for a tenth of a second at a time."""
    for attempt in range(_LOCK_ATTEMPTS):
        try:
            with conn.transaction(force_rollback=dry_run):
                conn.execute("select set_config('lock_timeout', %s, true)", [_LOCK_TIMEOUT])
                return do()
        except psycopg.errors.LockNotAvailable:
            if attempt == _LOCK_ATTEMPTS - 1:
                raise
            time.sleep(_SECONDS_BETWEEN)
    raise AssertionError("the last attempt returns or raises")

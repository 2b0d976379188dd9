"""Record what every table holds at one position of the write-ahead log, and compare it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg import IsolationLevel, sql

from control.queries import query
from control.schema.locks import with_short_locks

Echo = Callable[[str], None]
# The number of rows of a table, and a sum of their hashes, which does not depend on their order.
Fingerprints = dict[str, tuple[int, str]]


@dataclass(frozen=True)
class Witness:
    """What every table held at a restore point of the write-ahead log."""

    restore_point: str
    lsn: str
    tables: Fingerprints


def take_witness(
    holder: psycopg.Connection, reader: psycopg.Connection, name: str, echo: Echo
) -> Witness:
    """Record every table exactly as of a new restore point.

    For a moment nobody may write, so that the snapshot has exactly what comes before the restore
    point. The tables are read afterwards, while writes go on.
    """
    tables = table_names(holder)
    holder.isolation_level = IsolationLevel.REPEATABLE_READ
    # The first statement takes no snapshot: the snapshot is taken when nobody writes.
    lock = sql.SQL("lock table {} in share mode").format(
        sql.SQL(", ").join(sql.Identifier(*table) for table in tables)
    )

    def stand_still() -> str:
        holder.execute(lock)
        [(snapshot, lsn)] = holder.execute(
            "select pg_export_snapshot(), pg_create_restore_point(%s)::text", [name]
        ).fetchall()
        reader.execute("begin isolation level repeatable read, read only")
        reader.execute(sql.SQL("set transaction snapshot {}").format(sql.Literal(snapshot)))
        return str(lsn)

    lsn = with_short_locks(holder, stand_still, echo)
    try:
        return Witness(name, lsn, fingerprints(reader, tables))
    finally:
        reader.execute("rollback")


def table_names(conn: psycopg.Connection) -> list[tuple[str, str]]:
    """Return schema and name of every table with rows of its own."""
    return conn.execute(query("backups/find_tables"), {"secrets": ""}).fetchall()


def fingerprints(conn: psycopg.Connection, tables: list[tuple[str, str]]) -> Fingerprints:
    """Read every row of these tables."""
    conn.execute("set timezone = 'UTC'")
    return {f"{schema}.{table}": _fingerprint(conn, schema, table) for schema, table in tables}


def differences(expected: Fingerprints, found: Fingerprints) -> list[str]:
    """Name each table that holds other rows than expected."""
    named = []
    for table, (rows, total) in sorted(expected.items()):
        found_rows, found_total = found.get(table, (0, ""))
        if found_rows != rows:
            named.append(f"{table}: {found_rows} rows instead of {rows}")
        elif found_total != total:
            named.append(f"{table}: rows with other values")
    return named


def _fingerprint(conn: psycopg.Connection, schema: str, table: str) -> tuple[int, str]:
    reading = sql.SQL(
        "select count(*), coalesce(sum(hashtextextended(rows::text, 0)::numeric), 0)::text"
        " from {} as rows"
    ).format(sql.Identifier(schema, table))
    [(count, total)] = conn.execute(reading).fetchall()
    return count, total

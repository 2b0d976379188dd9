"""Make up one row for each table of a clone, and tell what a migration does to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from control.queries import query

# Of every table: the values of its columns as text, so that they can be compared across types.
Rows = Mapping[str, Mapping[str, str | None]]


@dataclass(frozen=True)
class _Column:
    """Hold a column that can be written, and an expression of its type."""

    table: str
    name: str
    value: str
    is_needed: bool


def make_up_rows(conn: psycopg.Connection) -> None:
    """Insert one row into each table of aspen, as far as its checks allow; references hold.

    Every number is 1 and every text the same, so every foreign key finds its row.
    """
    tables: dict[str, list[_Column]] = {}
    for table, name, value, is_needed in conn.execute(query("schema/made_up_values")):
        tables.setdefault(table, []).append(_Column(table, name, value, is_needed))
    with conn.transaction():
        # Triggers and foreign keys are not asked, whatever the order.
        conn.execute("set local session_replication_role = replica")
        for table, columns in tables.items():
            _insert(conn, table, columns)


def read_rows(conn: psycopg.Connection) -> Rows:
    """Read the row of each table that has one."""
    found: dict[str, Mapping[str, str | None]] = {}
    tables = conn.execute(
        "select relations.oid::regclass::text from pg_catalog.pg_class as relations"
        " where relations.relnamespace = 'aspen'::regnamespace and relations.relkind in ('r', 'p')"
        " and not relations.relispartition order by 1"
    ).fetchall()
    for (table,) in tables:
        row = conn.execute(
            sql.SQL(
                "select (select json_object_agg(key, value) from json_each_text(to_json(rows)))"
                " from {} as rows limit 1"
            ).format(sql.SQL(table))
        ).fetchone()
        if row:
            found[str(table)] = row[0]
    return found


def lost_values(before: Rows, after: Rows, renames: Mapping[str, str]) -> list[str]:
    """Name the tables and columns whose value is not what it was; `renames` by full name."""
    lost = []
    for table, row in before.items():
        kept = after.get(renames.get(table, table))
        if kept is None:
            lost.append(f"table {table}")
            continue
        for name, value in row.items():
            new = renames.get(f"{table}.{name}", f"{table}.{name}").rpartition(".")[2]
            if value is not None and kept.get(new) != value:
                lost.append(f"column {table}.{name}")
    return lost


def _insert(conn: psycopg.Connection, table: str, columns: list[_Column]) -> None:
    """Insert a row with all columns, else with those that must be given, else none."""
    for chosen in (columns, [one for one in columns if one.is_needed]):
        if chosen:
            said = sql.SQL(", ").join(sql.SQL(one.value) for one in chosen)
            names = sql.SQL(", ").join(sql.Identifier(one.name) for one in chosen)
            statement = sql.SQL("insert into {} ({}) values ({})").format(
                sql.SQL(table), names, said
            )
        else:
            statement = sql.SQL("insert into {} default values").format(sql.SQL(table))
        try:
            with conn.transaction():
                conn.execute(statement)
            return
        except psycopg.errors.IntegrityError:
            continue

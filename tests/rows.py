"""Statements over any table of aspen, for the factories."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql


def insert_into(table: str, values: Mapping[str, object]) -> sql.Composed:
    """Return the statement that stores one row of a table of aspen."""
    return sql.SQL("insert into aspen.{} ({}) values ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Placeholder, values)),
    )


def find(conn: psycopg.Connection, table: str, values: Mapping[str, object]) -> int | None:
    """Return the id of the row that has these values."""
    statement = sql.SQL("select id from aspen.{} where {}").format(
        sql.Identifier(table),
        sql.SQL(" and ").join(
            sql.SQL("{} is not distinct from {}").format(
                sql.Identifier(column), sql.Placeholder(column)
            )
            for column in values
        ),
    )
    row = conn.execute(statement, values).fetchone()
    return None if row is None else int(row[0])


def group_of(conn: psycopg.Connection, table: str, row_id: int) -> int:
    """Return the group that a row belongs to."""
    statement = sql.SQL("select group_id from aspen.{} where id = %s")
    row = conn.execute(statement.format(sql.Identifier(table)), [row_id]).fetchone()
    assert row is not None
    return int(row[0])

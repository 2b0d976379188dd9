"""Copy rows between the database and files of an archive, as CSV with a header, piece by piece."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from control.group_archive.tables import JSON_IDS, NATURAL_KEYS, USERS, Table
from control.whole_files import new_file

_CHUNK_BYTES = 1 << 20
# What values look like, whatever the settings of the login are.
_FORMS = (
    "select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true),"
    " set_config('intervalstyle', 'iso_8601', true), set_config('bytea_output', 'hex', true),"
    " set_config('extra_float_digits', '1', true)"
)
USER_COLUMNS = ("id", "subject", "name", "email")


def fix_forms(conn: psycopg.Connection) -> None:
    """Write and read values in one form until the transaction ends."""
    conn.execute(_FORMS)


def rows_of(table: Table, group_id: int) -> sql.Composed:
    """Return the statement that reads all rows of a group, in the order of their ids."""
    reading = "select {columns} from aspen.{table} where {key} = {group} order by {order}"
    return sql.SQL(reading).format(
        columns=names(column.name for column in table.columns),
        table=sql.Identifier(table.name),
        key=sql.Identifier(table.key),
        group=sql.Literal(group_id),
        order=sql.Identifier("id" if table.has_id else table.key),
    )


def references_of(tables: Sequence[Table], target: str, group_id: int) -> sql.Composed:
    """Return the statement that reads the rows of a shared table that rows of a group name."""
    columns = USER_COLUMNS if target == USERS else ("id", *NATURAL_KEYS[target])
    found = [
        sql.SQL("select {} from aspen.{} where {} = {}").format(
            expression,
            sql.Identifier(table.name),
            sql.Identifier(table.key),
            sql.Literal(group_id),
        )
        for table in tables
        for expression in _ids_in(table, target)
    ]
    return sql.SQL("select {} from aspen.{} where id in ({}) order by id").format(
        names(columns),
        sql.Identifier(target),
        sql.SQL(" union ").join(found) if found else sql.SQL("null"),
    )


def _ids_in(table: Table, target: str) -> list[sql.Composable]:
    """Return the expressions of a table that are ids of another one."""
    found: list[sql.Composable] = [
        sql.Identifier(column.name) for column in table.columns if column.target == target
    ]
    found += [
        sql.SQL("({} #>> {})::bigint").format(sql.Identifier(column), sql.Literal(list(path)))
        for name, column, path, of_table in JSON_IDS
        if (name, of_table) == (table.name, target)
    ]
    return found


def names(columns: Iterable[str]) -> sql.Composed:
    """Return column names, separated by commas."""
    return sql.SQL(", ").join(sql.Identifier(column) for column in columns)


def write_rows(conn: psycopg.Connection, statement: sql.Composed, path: Path) -> int:
    """Write what a statement reads to a new file; return how many rows there are."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with new_file(path) as file, conn.cursor() as cursor:
        with cursor.copy(_to_csv(statement)) as rows:
            for piece in rows:
                file.write(piece)
        return cursor.rowcount


def read_rows(
    conn: psycopg.Connection, path: Path, table: sql.Identifier, columns: Sequence[str]
) -> int:
    """Store the rows of a file in a table; return how many there are.

    The header of the file has to name the columns.
    """
    copying = sql.SQL("copy {} ({}) from stdin with (format csv, header match)").format(
        table, names(columns)
    )
    with open(path, "rb") as file, conn.cursor() as cursor:
        with cursor.copy(copying) as rows:
            while piece := file.read(_CHUNK_BYTES):
                rows.write(piece)
        return cursor.rowcount


def checksum_of(conn: psycopg.Connection, statement: sql.Composed) -> str:
    """Return the checksum of the file that a statement would write now."""
    digest = hashlib.sha256()
    with conn.cursor() as cursor, cursor.copy(_to_csv(statement)) as rows:
        for piece in rows:
            digest.update(piece)
    return digest.hexdigest()


def _to_csv(statement: sql.Composed) -> sql.Composed:
    return sql.SQL("copy ({}) to stdout with (format csv, header)").format(statement)

"""Load the rows of an archive into temporary tables, and give each of them an id here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from control.errors import ControlError
from control.group_archive.copying import read_rows
from control.group_archive.manifest import Manifest, table_file
from control.group_archive.tables import GROUPS, Table
from control.terminal import counted

_SAME_VERSION = "import it with the checkout it was made with, or export the group with this one"
# Tables that an import looks at by name.
_NEEDED = {"groups", "job_outputs", "jobs", "sequences", "uploads"}


def archived(name: str) -> sql.Identifier:
    """Return the temporary table with the rows that an archive has for a table."""
    return sql.Identifier("pg_temp", f"archived_{name}")


def check_version(tables: Mapping[str, Table], manifest: Manifest) -> None:
    """Check that this database has a place for everything in an archive, and needs no more."""
    for name, archive in manifest.tables.items():
        if not archive.is_restored:
            continue
        if name not in tables or not tables[name].is_restored:
            raise ControlError(f"the archive has a table {name}, which is not here", _SAME_VERSION)
        known = {column.name for column in tables[name].columns}
        if strange := sorted({*archive.columns} - known):
            raise ControlError(
                f"the archive has a column {name}.{strange[0]}, which is not here", _SAME_VERSION
            )
        for column in tables[name].columns:
            is_needed = column.is_required and not column.has_default
            if is_needed and column.name not in archive.columns:
                raise ControlError(
                    f"the archive has no column {name}.{column.name}, which is needed here",
                    _SAME_VERSION,
                )
    if missing := sorted(_NEEDED - manifest.tables.keys()):
        raise ControlError(f"the archive has no table {missing[0]}", _SAME_VERSION)


def load_rows(
    conn: psycopg.Connection, folder: Path, tables: list[Table], manifest: Manifest
) -> None:
    """Load the rows of these tables, and compare their numbers with the manifest."""
    for table in counted(tables, "reading tables", len(tables)):
        columns = manifest.tables[table.name].columns
        conn.execute(
            sql.SQL(
                "create temporary table {} on commit drop as select {} from aspen.{} with no data"
            ).format(
                sql.Identifier(f"archived_{table.name}"),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.Identifier(table.name),
            )
        )
        path = folder / table_file(table.name)
        try:
            found = read_rows(conn, path, archived(table.name), columns)
        except psycopg.DataError as error:
            raise ControlError(
                f"{path} does not fit the table: {error.diag.message_primary}", _SAME_VERSION
            ) from error
        if found != manifest.tables[table.name].rows:
            raise ControlError(
                f"{path} has {found} rows, not {manifest.tables[table.name].rows}",
                "use another copy of the archive",
            )


def give_ids(conn: psycopg.Connection, tables: list[Table]) -> int:
    """Note for each row the id that it gets here; return that of the group."""
    conn.execute(
        "create temporary table moved (table_name text, old_id bigint, new_id bigint not null,"
        " primary key (table_name, old_id)) on commit drop"
    )
    for table in tables:
        if table.has_id:
            conn.execute(
                sql.SQL(
                    "insert into pg_temp.moved (table_name, old_id, new_id) select {name}, id,"
                    " nextval(pg_get_serial_sequence({qualified}, 'id')) from {rows} order by id"
                ).format(
                    name=sql.Literal(table.name),
                    qualified=sql.Literal(f"aspen.{table.name}"),
                    rows=archived(table.name),
                )
            )
    found = conn.execute(
        "select new_id from pg_temp.moved where table_name = %s", [GROUPS]
    ).fetchall()
    if len(found) != 1:
        raise ControlError(f"the archive has {len(found)} groups, not one", _SAME_VERSION)
    return int(found[0][0])

"""Show what a load would change: let it work, compare its tables, and undo it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg import sql

from control.terminal import one_line

Kind = Literal["added", "removed", "changed"]
SIGNS: dict[Kind, str] = {"added": "+", "removed": "-", "changed": "~"}
# Table → the columns by which people know a row.
NAMES = {
    "accessions": ("sample_id", "accession"),
    "lineage_aliases": ("alias",),
    "lineages": ("lineage",),
    "locations": ("region", "country", "division", "location"),
    "pathogen_repositories": ("prefix",),
    "pathogens": ("slug",),
    "public_repositories": ("name",),
    "usher_options": ("description",),
}
# What a change brings with it, and says nothing of its own.
_UNNAMED = {"updated_at", "region_key", "path_key"}


@dataclass(frozen=True)
class Difference:
    """A row that is added, removed or changed; of a changed one, each column before and after."""

    table: str
    kind: Kind
    name: str
    changes: dict[str, tuple[Any, Any]]

    def __str__(self) -> str:
        columns = ", ".join(f"{key}: {old} → {new}" for key, (old, new) in self.changes.items())
        said = f"{SIGNS[self.kind]} {self.table}: {self.name}"
        return one_line(f"{said} ({columns})" if columns else said)


@contextmanager
def compared(
    conn: psycopg.Connection, tables: Sequence[str], *, dry_run: bool
) -> Iterator[list[Difference]]:
    """In a dry run, list what was done to these tables, and undo it; otherwise list nothing."""
    found: list[Difference] = []
    if not dry_run:
        yield found
        return
    with conn.transaction(force_rollback=True):
        for table in tables:
            statement = sql.SQL("create temporary table {} on commit drop as table {}")
            conn.execute(statement.format(_kept(table), sql.Identifier("aspen", table)))
        yield found
        for table in tables:
            found += _read(conn, table)


def _kept(table: str) -> sql.Identifier:
    return sql.Identifier(f"before_{table}")


def _read(conn: psycopg.Connection, table: str) -> list[Difference]:
    statement = sql.SQL(
        "select to_jsonb(earlier), to_jsonb(later) from {} as earlier"
        " full join {} as later using (id) where earlier is distinct from later order by id"
    ).format(_kept(table), sql.Identifier("aspen", table))
    return [_difference(table, before, after) for before, after in conn.execute(statement)]


def _difference(
    table: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> Difference:
    row = after or before or {}
    name = " / ".join(str(row[column]) for column in NAMES[table] if row[column] is not None)
    if before is None or after is None:
        return Difference(table, "added" if before is None else "removed", name, {})
    changes = {
        column: (before[column], value)
        for column, value in after.items()
        if value != before[column] and column not in _UNNAMED
    }
    return Difference(table, "changed", name, changes)

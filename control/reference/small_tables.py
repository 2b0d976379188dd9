"""Load repositories and UShER's trees from small tables, which replace what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from control.cells import Table, read_table
from control.errors import ControlError
from control.queries import query

USHER_COLUMNS = ("pathogen", "description", "value")
REPOSITORY_COLUMNS = ("pathogen", "repository", "prefix")
SHOWN_PROBLEMS = 100


@dataclass(frozen=True)
class Loaded:
    """How many rows were added, changed and removed."""

    added: int
    changed: int
    removed: int


def load_usher_options(
    conn: psycopg.Connection, path: Path, *, allow_fewer: bool = False
) -> Loaded:
    """Replace the options of the pathogens that a table names; refuse one with less than half."""
    table = _read(conn, path, USHER_COLUMNS, ("priority",), keys=("value",))
    priorities = [_priority(row.cells.get("priority", "")) for row in table.rows]
    problems = [
        (row.line, f"priority {row.cells['priority']!r} is no number from 1 to 10000")
        for row, priority in zip(table.rows, priorities, strict=True)
        if priority == 0
    ]
    problems += _repeated(table, ("description",))
    problems += _repeated(table, ("pathogen", "priority"))
    _refuse(table, problems)
    columns = _columns(table, USHER_COLUMNS) | {"priority": priorities}
    with conn.transaction():
        before = conn.execute(
            "select count(*) from aspen.usher_options as options inner join aspen.pathogens"
            " as pathogens on options.pathogen_id = pathogens.id where pathogens.slug = any(%s)",
            [columns["pathogen"]],
        ).fetchone()
        assert before is not None
        if len(table.rows) * 2 < before[0] and not allow_fewer:
            raise ControlError(
                f"nothing was stored: {path} has {len(table.rows)} options, and there are"
                f" {before[0]}",
                "check that the file is complete; --allow-fewer loads it all the same",
            )
        cleared = conn.execute(query("reference/clear_usher_options"), columns).fetchone()
        try:
            added = conn.execute(query("reference/load_usher_options"), columns).fetchone()
        except psycopg.errors.UniqueViolation as error:
            raise ControlError(
                f"nothing was stored: another pathogen has an option described as in {path}",
                "give each a description of its own",
            ) from error
    assert cleared is not None and added is not None
    return Loaded(added[0], cleared[1], cleared[0])


def load_repositories(conn: psycopg.Connection, path: Path) -> Loaded:
    """Add the repositories of a table, and set the prefix of strains for each pathogen.

    None is removed, because samples have accessions there.
    """
    table = _read(conn, path, REPOSITORY_COLUMNS, (), keys=("pathogen", "repository"))
    columns = _columns(table, REPOSITORY_COLUMNS)
    with conn.transaction():
        conn.execute(
            "insert into aspen.public_repositories (name)"
            " select distinct given.name from unnest(%(repository)s::text[]) as given (name)"
            " order by given.name on conflict (name) do nothing",
            columns,
        )
        row = conn.execute(query("reference/load_repositories"), columns).fetchone()
    assert row is not None
    return Loaded(row[0], row[1], 0)


def _read(
    conn: psycopg.Connection,
    path: Path,
    required: Sequence[str],
    optional: Sequence[str],
    *,
    keys: Sequence[str],
) -> Table:
    """Read a table, and refuse it with each wrong line."""
    table = read_table(path, required, optional=optional)
    known = {slug for (slug,) in conn.execute("select slug from aspen.pathogens")}
    problems = list(table.unread)
    for row in table.rows:
        slug = row.cells["pathogen"]
        problems += [(row.line, f"{name} is required") for name in required if not row.cells[name]]
        if slug and slug not in known:
            problems.append((row.line, f"there is no pathogen {slug!r}"))
    _refuse(table, problems + _repeated(table, keys))
    return table


def _repeated(table: Table, columns: Sequence[str]) -> list[tuple[int, str]]:
    """Return the lines whose cells in these columns, none of them empty, an earlier line has."""
    problems = []
    seen: dict[tuple[str, ...], int] = {}
    for row in table.rows:
        names = tuple(row.cells.get(column, "") for column in columns)
        if all(names) and (first := seen.setdefault(names, row.line)) != row.line:
            problems.append(
                (row.line, f"{' / '.join(names)} is given twice, first in line {first}")
            )
    return problems


def _columns(table: Table, names: Sequence[str]) -> dict[str, Sequence[object]]:
    return {name: [row.cells[name] for row in table.rows] for name in names}


def _priority(text: str) -> int | None:
    """Return a priority, None for an empty cell and 0 for what is none."""
    if not text:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= 10_000
    return int(text) if is_number else 0


def _refuse(table: Table, problems: Sequence[tuple[int, str]]) -> None:
    if not problems:
        return
    lines = [f"{table.path}:{line}: {reason}" for line, reason in sorted(problems)]
    shown = lines[:SHOWN_PROBLEMS]
    if hidden := len(lines) - len(shown):
        shown.append(f"… and {hidden} more")
    raise ControlError(
        f"nothing was stored: {table.path} has {len(lines)} problems\n" + "\n".join(shown),
        "correct these lines",
    )

"""Give samples of a group other public identifiers, by a table: all of them, or none.

The rules and the writing are those of api.update_samples, so that the audit log and the history of
samples say what they say after a change by the API.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from control.cells import Row, Table, read_table
from control.errors import ControlError
from control.people.groups import Group
from control.queries import query
from control.samples.metadata import IDENTIFIERS, SHORTENED_NUMBER, SPREADSHEET_ERROR, Problem

PRIVATE, PUBLIC = IDENTIFIERS
# How often others may change the same samples at the same time.
ATTEMPTS = 10
_CONFLICTS = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.ObjectNotInPrerequisiteState,
)


@dataclass(frozen=True)
class Renaming:
    """What was changed, or would be in a dry run; with problems nothing is."""

    total: int
    changed: int
    unchanged: int
    problems: list[Problem]


@dataclass(frozen=True)
class _Found:
    """A row of the table, and the sample that it names."""

    row: Row
    sample_id: int
    before: str


def rename_samples(
    conn: psycopg.Connection, group: Group, path: Path, *, dry_run: bool = False
) -> Renaming:
    """Change the public identifiers that a table names, or report why none is changed."""
    table = read_table(path, IDENTIFIERS, optional=())
    for _ in range(ATTEMPTS):
        try:
            with conn.transaction(force_rollback=dry_run):
                return _rename(conn, group, table)
        except _CONFLICTS:
            continue
    raise ControlError(
        f"nothing was changed: others keep changing the same samples of {group.name}",
        "try it again later",
    )


def _rename(conn: psycopg.Connection, group: Group, table: Table) -> Renaming:
    problems = [Problem(str(table.path), line, "", "", "", reason) for line, reason in table.unread]
    problems += list(_problems_of_cells(table))
    found = _find(conn, group, table)
    known = {one.row.line for one in found}
    wrong = {problem.line for problem in problems}
    problems += [
        _problem(table, row, PRIVATE, "is not a sample of this group")
        for row in table.rows
        if row.line not in known and row.line not in wrong
    ]
    problems += _broken_rules(conn, group, table, found)
    changed = [one for one in found if one.row.cells[PUBLIC] != one.before]
    if changed and not problems:
        conn.execute("select internal.store_changes(%s, %s)", [group.id, _batch(changed)])
    total = len(table.rows) + len(table.unread)
    problems.sort(key=lambda problem: problem.line)
    return Renaming(total, len(changed), len(found) - len(changed), problems)


def _problems_of_cells(table: Table) -> Iterator[Problem]:
    """Yield what only the table shows; the database checks the rules of identifiers."""
    lines: dict[str, int] = {}
    for row in table.rows:
        for column in IDENTIFIERS:
            value = row.cells[column]
            if not value:
                yield _problem(table, row, column, "is required")
            elif "\0" in value:
                yield _problem(table, row, column, "holds a NUL character")
            elif SHORTENED_NUMBER.fullmatch(value):
                yield _problem(table, row, column, "is a number that a spreadsheet shortened")
            elif SPREADSHEET_ERROR.fullmatch(value):
                yield _problem(table, row, column, "is an error of a spreadsheet, not a value")
        name = row.cells[PRIVATE]
        if name and (first := lines.setdefault(name, row.line)) != row.line:
            yield _problem(table, row, PRIVATE, f"is given twice, first in line {first}")


def _find(conn: psycopg.Connection, group: Group, table: Table) -> list[_Found]:
    """Return the rows that name a sample, each sample once."""
    rows: dict[str, Row] = {}
    for row in table.rows:
        if row.cells[PUBLIC] and not any("\0" in value for value in row.cells.values()):
            rows.setdefault(row.cells[PRIVATE], row)
    stored = conn.execute(
        "select samples.private_identifier, samples.id, samples.public_identifier"
        " from aspen.samples as samples"
        " where samples.group_id = %s and samples.private_identifier = any(%s)",
        [group.id, list(rows)],
    )
    found = [_Found(rows[name], sample_id, before) for name, sample_id, before in stored]
    return sorted(found, key=lambda one: one.row.line)


def _broken_rules(
    conn: psycopg.Connection, group: Group, table: Table, found: Sequence[_Found]
) -> list[Problem]:
    """Return the new identifiers that two rows name, that others have, or that are no names."""
    if not found:
        return []
    arguments = {"group_id": group.id, "samples": _batch(found)}
    return [
        _problem(table, found[position].row, field, reason)
        for position, field, reason in conn.execute(
            query("samples/change_problems"), arguments
        ).fetchall()
    ]


def _batch(found: Sequence[_Found]) -> str:
    return json.dumps([{"id": one.sample_id, PUBLIC: one.row.cells[PUBLIC]} for one in found])


def _problem(table: Table, row: Row, column: str, reason: str) -> Problem:
    name = row.cells[PRIVATE]
    return Problem(str(table.path), row.line, name, column, row.cells.get(column, ""), reason)

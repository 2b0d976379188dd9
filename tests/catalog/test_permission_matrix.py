"""Who may do what: permissions.txt, each cell tried in the real role; complete by the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from psycopg import sql

from tests.catalog.matrix import MEMBER_OF_TWO, STRANGERS, Matrix, make_matrix
from tests.refusals import refusal
from tests.servers import Database

HERE = Path(__file__).parent


class Cell(NamedTuple):
    """One field of the table."""

    resource: str
    verb: str
    row: str
    caller: str
    outcome: str

    @property
    def id(self) -> str:
        """Return the test's name."""
        return f"{self.caller} {self.verb} {self.resource} {self.row}".removesuffix(" -")


def read_cells() -> list[Cell]:
    """Return the table, field by field."""
    text = (HERE / "permissions.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    header, *rows = lines
    return [
        Cell(resource, verb, row, caller, outcome)
        for resource, verb, row, *outcomes in rows
        for caller, outcome in zip(header[3:], outcomes, strict=True)
    ]


def read_attempts() -> dict[str, str]:
    """Return the statements by the comment `-- resource verb` above each."""
    text = (HERE / "attempts.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- (\w+ (?:select|insert|update|delete|execute))$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


CELLS = read_cells()
ATTEMPTS = read_attempts()
# Callers who could meet the plan of a member: PostgreSQL makes another one for another role.
SAME_ROLE = ("viewer", "g-viewer", "stranger")
# Good enough wherever nobody may write.
ANY_ATTEMPT = {
    "select": "select id from api.{} where id = %(id)s",
    "insert": "insert into api.{} default values returning id",
    "update": "update api.{} set id = id where id = %(id)s returning id",
    "delete": "delete from api.{} where id = %(id)s returning id",
}


@pytest.fixture(scope="module")
def matrix(shared_database: Database) -> Iterator[Matrix]:
    """Store the rows of the table and its callers, in a transaction that is rolled back."""
    with psycopg.connect(shared_database.url) as conn:
        yield make_matrix(conn)
        conn.rollback()


def outcome_of(matrix: Matrix, cell: Cell) -> str:
    """Try an attempt and return its outcome in the words of the table.

    Rows are also read in a request for a list, where the planner knows more of the caller, and by
        a plan that was made for a member, as if plans were kept.
    """
    statement = statement_of(matrix, cell)
    outcome = _try(matrix, cell.caller, statement)
    if cell.verb != "select":
        return outcome
    of_list = _try(matrix, cell.caller, statement, cell.resource)
    if of_list != outcome:
        return f"{outcome}, but {of_list} in a list"
    for stranger in STRANGERS if cell.caller == "stranger" else ():
        of_another = _try(matrix, stranger, statement, cell.resource)
        if of_another != outcome:
            return f"{outcome}, but {of_another} in a list of a {stranger}"
    if outcome in ("none", "masked") and cell.caller in SAME_ROLE:
        for member in ("member", *MEMBER_OF_TWO):
            by_kept_plan = _try_plan_of(member, matrix, cell, statement)
            if by_kept_plan not in ("none", outcome):
                return f"{outcome}, but {by_kept_plan} by the plan of a {member}"
    return outcome


def statement_of(matrix: Matrix, cell: Cell) -> bytes:
    """Return the attempt of a cell, with its values."""
    name, params = f"{cell.resource} {cell.verb}", matrix.params(cell.resource, cell.row)
    statement = (
        sql.SQL(ATTEMPTS[name])
        if name in ATTEMPTS
        else sql.SQL(ANY_ATTEMPT[cell.verb]).format(sql.Identifier(cell.resource))
    )
    return psycopg.ClientCursor(matrix.conn).mogrify(statement, params).encode()


def _try_plan_of(member: str, matrix: Matrix, cell: Cell, statement: bytes) -> str:
    """Try an attempt by a plan that a member's request for the same list made."""
    matrix.conn.execute(b"prepare kept as " + statement)
    try:
        with matrix.request_of(member, cell.resource) as conn:
            conn.execute("execute kept")
        return _try(matrix, cell.caller, b"execute kept", cell.resource)
    finally:
        matrix.conn.execute("deallocate kept")


def _try(matrix: Matrix, caller: str, statement: bytes, lists: str | None = None) -> str:
    try:
        with matrix.request_of(caller, lists) as conn:
            rows = conn.execute(statement).fetchall()
    except psycopg.Error as error:
        return status_of(error, caller)
    match rows:
        case []:
            return "none"
        case [(None,)]:
            return "masked"
        case _:
            return "yes"


def status_of(error: psycopg.Error, caller: str) -> str:
    """Return the HTTP status of an error: 401 instead of 403 where the request had no token."""
    refused = refusal(error)
    if refused == "42501":
        return "401" if caller == "anon" else "403"
    return refused if isinstance(refused, str) else str(refused[0])


@pytest.mark.parametrize("cell", CELLS, ids=[cell.id for cell in CELLS])
def test_caller_may_do_what_the_table_says(matrix: Matrix, cell: Cell) -> None:
    """Decide by memberships.

    Tests/sql/test_pre_request.py shows that groups in a token do the same.
    """
    assert outcome_of(matrix, cell) == cell.outcome


def test_table_has_every_resource_and_verb(matrix: Matrix) -> None:
    """Require a row for each view and function, so that someone decides who may use it."""
    catalogue = matrix.conn.execute(
        "select views.relname, verbs.name"
        " from pg_catalog.pg_class as views"
        " cross join unnest(array['select', 'insert', 'update', 'delete']) as verbs (name)"
        " where views.relnamespace = 'api'::regnamespace and views.relkind = 'v'"
        " union all"
        " select functions.proname, 'execute' from pg_catalog.pg_proc as functions"
        " where functions.pronamespace = 'api'::regnamespace"
        # What control leaves behind to ask PostgREST whether it has read the schema.
        " and not starts_with(functions.proname, 'loaded_')"
    )

    assert {(cell.resource, cell.verb) for cell in CELLS} == set(catalogue)


def test_table_has_open_and_private_rows_of_sample_data(matrix: Matrix) -> None:
    """Try samples and everything that has a sample with a private sample too."""
    catalogue = matrix.conn.execute(
        "select distinct columns.attrelid::regclass::text, kinds.name"
        " from pg_catalog.pg_attribute as columns"
        " inner join pg_catalog.pg_class as views on columns.attrelid = views.oid"
        " cross join unnest(array['open', 'private']) as kinds (name)"
        " where views.relnamespace = 'api'::regnamespace and views.relkind = 'v'"
        " and (columns.attname in ('sample_id', 'is_private')"
        # Most events are about samples.
        " or views.oid = 'api.events'::regclass)"
    )

    kinds = {(f"api.{cell.resource}", cell.row) for cell in CELLS if cell.verb == "select"}
    assert {kind for kind in kinds if kind[1] != "-"} == set(catalogue)

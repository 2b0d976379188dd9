"""Groups that are set by statement show the same rows as those that set_config sets."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from control.database import begin_request, request_claims
from tests import factories
from tests.catalog.matrix import Matrix, make_matrix
from tests.catalog.test_permission_matrix import CELLS, outcome_of
from tests.servers import Database

CALLERS = sorted({cell.caller for cell in CELLS} - {"anon", "disabled"})
BY_STATEMENT = "set local aspen.groups_by_statement = 'on'"


@pytest.fixture(scope="module")
def matrix(shared_database: Database) -> Iterator[Matrix]:
    """Store the rows of the permission matrix, in a transaction that is rolled back."""
    with psycopg.connect(shared_database.url) as conn:
        yield make_matrix(conn)
        conn.rollback()


@pytest.mark.parametrize("caller", CALLERS)
def test_caller_may_read_and_call_the_same(matrix: Matrix, caller: str) -> None:
    """Try the cells of permissions.txt for reading and for functions once more."""
    cells = [cell for cell in CELLS if cell.caller == caller and cell.verb in ("select", "execute")]

    with matrix.conn.transaction(force_rollback=True):
        matrix.conn.execute(BY_STATEMENT)
        outcomes = {cell.id: outcome_of(matrix, cell) for cell in cells}

    assert outcomes == {cell.id: cell.outcome for cell in cells}


@pytest.mark.parametrize("caller", [name for name in CALLERS if name != "job"])
def test_lists_have_the_same_rows(matrix: Matrix, caller: str) -> None:
    """Compare every column of every row of every resource."""
    by_function = rows_of(matrix, caller)

    with matrix.conn.transaction(force_rollback=True):
        matrix.conn.execute(BY_STATEMENT)
        by_statement = rows_of(matrix, caller)

    assert by_statement == by_function
    assert by_function["me"]


def test_setting_of_the_database_decides_how_groups_are_set(database: Database) -> None:
    """Count the calls of what sets them by statement, before and after the setting."""
    before = statements_of_a_request(database)
    with database.connect("postgres") as conn:
        conn.execute(
            sql.SQL("alter database {} set aspen.groups_by_statement = 'on'").format(
                sql.Identifier(database.name)
            )
        )

    assert before == []
    assert statements_of_a_request(database) == [("state_caller", 1), ("state_groups", 1)]


def rows_of(matrix: Matrix, caller: str) -> dict[str, list[str]]:
    """Return what a caller reads of each resource: its rows as text, or the error."""
    views = matrix.conn.execute(
        "select relname from pg_catalog.pg_class"
        " where relnamespace = 'api'::regnamespace and relkind = 'v'"
    ).fetchall()
    return {view: _rows(matrix, caller, view) for (view,) in views}


def _rows(matrix: Matrix, caller: str, view: str) -> list[str]:
    try:
        with matrix.request_of(caller) as conn:
            statement = sql.SQL("select shown::text from api.{} as shown order by 1")
            return [row for (row,) in conn.execute(statement.format(sql.Identifier(view)))]
    except psycopg.Error as error:
        return [f"{error.sqlstate}"]


def statements_of_a_request(database: Database) -> list[tuple[str, int]]:
    """Return how often a request called the functions that set by statement."""
    with psycopg.connect(database.url_of("postgres")) as conn:
        conn.execute("set local track_functions = 'pl'")
        factories.user(conn, "ida")
        begin_request(conn, "member", request_claims("member", "ida", {1: "member"}))
        conn.execute("reset role")
        calls: list[tuple[str, int]] = conn.execute(
            "select funcname::text, calls from pg_catalog.pg_stat_xact_user_functions"
            " where funcname like 'state\\_%' order by 1"
        ).fetchall()
        conn.rollback()
    return calls

"""Tables that no resource shows are as protected as the others."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from control.stack.state import SUPERUSER
from tests.catalog.behind import SEEN_BY, store_rows, who_sees
from tests.catalog.matrix import Matrix, make_matrix
from tests.servers import Database

Rows = dict[tuple[str, str], int]


@pytest.fixture(scope="module")
def matrix(shared_database: Database) -> Iterator[Matrix]:
    """Store the cast and its rows as a superuser, who may make a view; take it back at the end."""
    with psycopg.connect(shared_database.url_of(SUPERUSER)) as conn:
        yield make_matrix(conn)
        conn.rollback()


@pytest.fixture(scope="module")
def rows(matrix: Matrix) -> Rows:
    """Store a row of each table."""
    return store_rows(matrix)


@pytest.mark.parametrize(("table", "row"), SEEN_BY, ids=[" ".join(key) for key in SEEN_BY])
def test_row_behind_the_api_is_seen_by_whom_its_policy_names(
    matrix: Matrix, rows: Rows, table: str, row: str
) -> None:
    """Show it through a view made for this test, to each caller of the permission matrix."""
    assert who_sees(matrix, table, rows[table, row]) == SEEN_BY[table, row]

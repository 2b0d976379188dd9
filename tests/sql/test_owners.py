"""sql/owners.sql gives each definer function to the role that it runs as."""

from __future__ import annotations

import psycopg
import pytest

from tests.servers import SQL_DIR

OWNERS = (SQL_DIR / "owners.sql").read_text()
# Every function with its owner and the transaction that wrote it last.
FUNCTIONS = """
select oid::regprocedure::text, proowner::regrole::text, xmin::text from pg_catalog.pg_proc
where pronamespace in ('authz'::regnamespace, 'internal'::regnamespace) order by 1
"""


@pytest.fixture
def owner(admin: psycopg.Connection) -> psycopg.Connection:
    """Act as the owner of everything, in a transaction that is rolled back."""
    admin.execute("set local role aspen_owner")
    admin.execute("set local search_path = ''")
    return admin


def test_second_run_changes_nothing(owner: psycopg.Connection) -> None:
    """Write no function again."""
    before = owner.execute(FUNCTIONS).fetchall()

    owner.execute(OWNERS.encode())

    assert owner.execute(FUNCTIONS).fetchall() == before


def test_definer_function_of_another_role_is_handed_over(owner: psycopg.Connection) -> None:
    """Leave nobody the right to create objects in its schema."""
    before = [row[:2] for row in owner.execute(FUNCTIONS).fetchall()]
    owner.execute("alter function internal.tree_origin(bigint) owner to aspen_owner")

    owner.execute(OWNERS.encode())

    assert [row[:2] for row in owner.execute(FUNCTIONS).fetchall()] == before
    creators = owner.execute(
        "select has_schema_privilege('claims_reader', 'internal', 'create')"
    ).fetchall()
    assert creators == [(False,)]


@pytest.mark.parametrize("name", ["internal.fail", "internal.no_such_function"])
def test_function_that_is_no_definer_is_refused(owner: psycopg.Connection, name: str) -> None:
    """Refuse to load a list that no longer fits the functions."""
    listed = OWNERS.replace("internal.tree_origin", name)

    with pytest.raises(psycopg.errors.RaiseException, match=f"lists {name}, which is no definer"):
        owner.execute(listed.encode())

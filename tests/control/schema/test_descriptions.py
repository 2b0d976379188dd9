"""What the API answers about itself is kept after a load, and is what it would answer without."""

from __future__ import annotations

import psycopg
import pytest

from control.schema.descriptions import keep_descriptions
from tests.servers import Database

CALLS = "select api.openapi()::text, api.json_schema()::text, api.manual()::text"
WRITTEN = "select role_name, xmin::text from aspen.api_descriptions order by role_name"


@pytest.mark.parametrize("role", ["anon", "member", "operator", "job"])
def test_kept_answers_are_those_that_would_be_made(database: Database, role: str) -> None:
    """Write one for each role, and read only these afterwards."""
    with database.connect() as conn:
        conn.execute("delete from aspen.api_descriptions")
        conn.execute(f"set role {role}".encode())
        made = conn.execute(CALLS).fetchone()
        conn.execute("set role aspen_owner")

        keep_descriptions(conn)

        conn.execute(f"set role {role}".encode())
        assert conn.execute(CALLS).fetchone() == made
        conn.execute("set role none")
        conn.execute(
            "update aspen.api_descriptions set openapi = '{}', json_schema = '[]', manual = ''"
        )
        conn.execute(f"set role {role}".encode())
        row = conn.execute(CALLS).fetchone()
        assert row is not None
        assert row[0].endswith('"}], }')
        assert row[1:] == ("[]", "")


def test_nothing_is_written_where_nothing_changed(database: Database) -> None:
    """Write none twice, so that each start of the stack may ask."""
    with database.connect() as conn:
        conn.execute("set role aspen_owner")
        keep_descriptions(conn)
        written = _written(conn)

        keep_descriptions(conn)

        assert _written(conn) == written
        conn.execute("comment on view api.samples is 'Else'")
        keep_descriptions(conn)
        assert not {*_written(conn)} & {*written}


def _written(conn: psycopg.Connection) -> list[tuple[str, str]]:
    conn.execute("set role none")
    rows = conn.execute(WRITTEN).fetchall()
    conn.execute("set role aspen_owner")
    return rows

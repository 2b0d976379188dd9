"""A previous version of the API comes and goes with its folder of sql/."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.control.schema.checkout import Checkout
from tests.servers import Database

SCHEMA = """\
create schema if not exists api_v1 authorization aspen_owner;

comment on schema api_v1 is $$Notes, version 1

Deprecated: 2027-01-01
Sunset: 2027-07-01$$;

grant usage on schema api_v1 to member;
"""
VIEW = """\
create view api_v1.notes with (security_invoker = true) as
select notes.id, notes.body as text from api.notes as notes;

grant select on api_v1.notes to member;
"""
SCHEMAS = "select nspname from pg_namespace where nspname ~ '^api' order by nspname"
COLUMNS = (
    "select attname from pg_attribute where attrelid = to_regclass('api_v1.notes') and attnum > 0"
)


@pytest.fixture
def checkout(tmp_path: Path, empty_database: Database) -> Checkout:
    """Write a small checkout with a previous version."""
    checkout = Checkout.create(tmp_path / "checkout", empty_database)
    checkout.write("sql/api_v1/schema.sql", SCHEMA)
    checkout.write("sql/api_v1/views/notes.sql", VIEW)
    contents = (checkout.root / "sql/load.sql").read_text()
    checkout.write(
        "sql/load.sql",
        contents.replace("\\ir schemas.sql\n", "\\ir schemas.sql\n\\ir api_v1/schema.sql\n"),
    )
    checkout.list_in_contents("api_v1/views/notes.sql")
    serve(checkout, "api, api_v1")
    return checkout


def serve(checkout: Checkout, schemas: str) -> None:
    """Write what PostgREST serves."""
    checkout.write("postgrest.conf", f'db-schemas = "{schemas}"\n')


def remove_version(checkout: Checkout) -> None:
    """Delete the folder and all that names it."""
    checkout.remove_code("api_v1/views/notes.sql")
    checkout.remove_code("api_v1/schema.sql")
    serve(checkout, "api")


def test_version_comes_changes_and_goes(checkout: Checkout) -> None:
    """Load it, repair it after a change of api, and drop its schema after its folder."""
    came = checkout.migrate("up")
    first = checkout.fetch(SCHEMAS), checkout.fetch(COLUMNS)
    view = (checkout.root / "sql/api/views/notes.sql").read_text()
    checkout.write("sql/api/views/notes.sql", view.replace("notes.body from", "notes.body b from"))
    failed = checkout.migrate("up")
    checkout.write("sql/api/views/notes.sql", view)
    checkout.write("sql/api_v1/views/notes.sql", VIEW.replace("as text", "as words"))
    changed = checkout.migrate("up")
    second = checkout.fetch(COLUMNS)
    remove_version(checkout)
    went = checkout.migrate("up")

    assert [one.exit_code for one in (came, failed, changed, went)] == [0, 1, 0, 0]
    assert first == ([("api",), ("api_v1",)], [("id",), ("text",)])
    assert "sql/api_v1/views/notes.sql, line 2" in failed.stderr
    assert second == [("id",), ("words",)]
    assert checkout.fetch(SCHEMAS) == [("api",)]
    assert checkout.migrate("status").exit_code == 0


def test_version_without_its_days_is_refused(checkout: Checkout) -> None:
    """Load nothing, because its answers could not say when it ends."""
    checkout.write("sql/api_v1/schema.sql", SCHEMA.replace("Sunset: 2027-07-01", ""))
    result = checkout.migrate("up")

    assert result.exit_code == 1
    assert "schema api_v1: its comment does not say when" in result.stderr
    assert 'write the lines "Deprecated: 2027-01-01"' in result.stderr


def test_schema_with_something_else_in_it_stays(checkout: Checkout) -> None:
    """Refuse to drop what somebody made by hand in it, and change nothing."""
    checkout.migrate("up")
    checkout.execute("create sequence api_v1.numbers")
    remove_version(checkout)
    result = checkout.migrate("up")

    assert result.exit_code == 1
    assert checkout.fetch(SCHEMAS) == [("api",), ("api_v1",)]
    assert checkout.fetch(COLUMNS) == [("id",), ("text",)]


@pytest.mark.parametrize("served", ["api", "api_v1, api", "api, api_v1, api_v2", "api, aspen"])
def test_other_versions_than_postgrest_serves_are_refused(checkout: Checkout, served: str) -> None:
    """Name both lists and what to write, before anything is loaded."""
    serve(checkout, served)
    result = checkout.migrate("up")

    assert result.exit_code == 1
    assert f"postgrest.conf serves {served}, and sql/ has api, api_v1" in result.stderr
    assert 'write db-schemas = "api, api_v1" in postgrest.conf' in result.stderr
    assert ("api_v1",) not in checkout.fetch(SCHEMAS)

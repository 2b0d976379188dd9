"""`control migrate check` names what is wrong with migrations before a merge."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import Result

from tests.control.schema.checkout import Checkout
from tests.servers import Database


@pytest.fixture
def checkout(tmp_path: Path, empty_database: Database, on_one_server: None) -> Checkout:
    """Make a small checkout with one released migration."""
    checkout = Checkout.create(tmp_path, empty_database)
    text = (tmp_path / "migrations/0001_create_users.sql").read_bytes()
    sha256 = hashlib.sha256(text).hexdigest()
    checkout.write("migrations/frozen.txt", f"{sha256}  0001_create_users.sql\n")
    return checkout


def check(checkout: Checkout) -> tuple[int, list[tuple[str, str]]]:
    """Run the command and return its exit code and what it found, with the cures."""
    result: Result = checkout.migrate("check", "--json")
    return result.exit_code, [(one["problem"], one["cure"]) for one in json.loads(result.stdout)]


def test_two_branches_that_each_add_a_migration_are_two_heads(checkout: Checkout) -> None:
    """Name both, and how to put one behind the other; then all is right."""
    for name in ("0003_add_mood", "0004_add_place"):
        checkout.write_migration(name, "-- Why.\n-- depends: 0002_create_notes\n")

    assert check(checkout) == (
        3,
        [
            (
                "there are two heads: migrations/0003_add_mood.sql and"
                " migrations/0004_add_place.sql, which both follow 0002_create_notes",
                "let the one that no database has come last: name it 0004_add_place.sql (its"
                " rollback too) and write `-- depends: 0003_add_mood` into its head; then run"
                " control migrate check",
            )
        ],
    )
    assert checkout.migrate("new", "Add more of it").exit_code == 1
    checkout.write_migration("0004_add_place", "-- Why.\n-- depends: 0003_add_mood\n")
    result = checkout.migrate("check")
    assert (result.exit_code, result.output) == (0, "the migrations are right\n")


def test_a_migration_that_follows_none_is_a_head(checkout: Checkout) -> None:
    """Find it although no other follows the same one."""
    checkout.write_migration("0003_add_mood", "-- Why.\n-- depends:\n")

    _, [(problem, _)] = check(checkout)

    assert problem == (
        "there are two heads: migrations/0002_create_notes.sql and migrations/0003_add_mood.sql"
    )


def test_released_files_missing_rollbacks_and_equal_numbers_are_named(checkout: Checkout) -> None:
    """Find what the files say without any server."""
    checkout.append("migrations/0001_create_users.sql", "-- More.\n")
    (code, [(problem, cure)]) = check(checkout)
    assert (code, problem) == (
        3,
        "migrations/0001_create_users.sql is released, and is not what it was",
    )
    assert "git checkout" in cure

    checkout.write("migrations/0003_add_mood.sql", "-- Why.\n-- depends: 0002_create_notes\n")
    assert "0003_add_mood.rollback.sql is missing" in check(checkout)[1][0][0]

    checkout.write_migration("0002_add_place", "-- Why.\n-- depends: 0001_create_users\n")
    assert "have the same number" in check(checkout)[1][0][0]


def test_tables_and_rollbacks_that_differ_are_named(checkout: Checkout) -> None:
    """Compare with the files of sql/, and every step back with what was before it."""
    checkout.write_migration(
        "0003_add_mood",
        "-- Why.\n-- depends: 0002_create_notes\n\nalter table aspen.notes add column mood text;\n",
        "comment on table aspen.notes is 'Back';\nalter table aspen.notes drop column mood;\n",
    )

    assert check(checkout) == (
        3,
        [
            (
                "column aspen.notes.mood differs between 0003_add_mood and the files of sql/",
                "run control migrate new, or correct the file of sql/tables/ or sql/domains/",
            ),
            (
                "migrations/0003_add_mood.rollback.sql does not lead back: comment on table"
                " aspen.notes differs",
                "correct the rollback, so that the database is what it was before the migration",
            ),
        ],
    )


def test_a_migration_that_fails_is_named(checkout: Checkout) -> None:
    """Give the file and the line."""
    checkout.write_migration(
        "0003_add_mood", "-- Why.\n-- depends: 0002_create_notes\n\ndrop table aspen.nothing;\n"
    )

    _, [(problem, cure)] = check(checkout)

    assert "migrations/0003_add_mood.sql, line 4" in problem
    assert cure == "correct migrations/0003_add_mood.sql and run the command again"

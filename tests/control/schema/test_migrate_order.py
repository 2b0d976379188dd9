"""`control migrate up` takes migrations in the order of their numbers, each with its way back."""

from __future__ import annotations

import pytest

from tests.control.schema.checkout import Checkout

APPLIED = "select migration_id from control._yoyo_migration order by applied_at_utc"


def creating(name: str, depends: str = "") -> str:
    """Return a migration that creates one table."""
    return (
        f"-- Why.\n-- depends: {depends}\n\ncreate table aspen.{name} (id bigint);\n"
        f"alter table aspen.{name} enable row level security, force row level security;\n"
    )


def test_the_numbers_decide_about_the_order(checkout: Checkout) -> None:
    """Follow the numbers, not the order of the heads, as long as these do not contradict."""
    checkout.write_migration("0004_create_a", creating("a"))
    checkout.write_migration("0003_create_b", creating("b"))

    result = checkout.migrate("up")

    assert result.exit_code == 0
    assert checkout.fetch(APPLIED)[2:] == [("0003_create_b",), ("0004_create_a",)]


@pytest.mark.parametrize("command", [("up",), ("status",), ("down", "--yes")])
def test_two_of_one_number_are_refused(checkout: Checkout, command: tuple[str, ...]) -> None:
    """Refuse the later one of two people who took the next number."""
    checkout.write_migration("0002_create_a", creating("a"))

    result = checkout.migrate(*command)

    assert (result.exit_code, result.stderr) == (
        1,
        "Error: migrations/0002_create_a.sql and migrations/0002_create_notes.sql have the same"
        " number\nRemedy: rename the one that no database has to 0003_….sql, its rollback too\n",
    )


def test_a_number_below_the_newest_applied_one_is_refused(checkout: Checkout) -> None:
    """Refuse it: it would come last here, and first where nothing is applied yet."""
    checkout.write_migration("0005_create_a", creating("a"))
    assert checkout.migrate("up").exit_code == 0
    checkout.write_migration("0004_create_b", creating("b"))

    result = checkout.migrate("up")

    assert (result.exit_code, result.stderr) == (
        1,
        "Error: migrations/0004_create_b.sql comes before 0005_create_a, which this database has"
        " already\nRemedy: other databases would apply them the other way round: rename it to"
        " 0006_….sql, its rollback too\n",
    )
    assert checkout.fetch("select to_regclass('aspen.b')") == [(None,)]


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (
            "-- depends: 0004_create_b",
            "migrations/0003_create_a.sql depends on 0004_create_b, which does not come before it",
        ),
        (
            "-- depends: 0001_create_nothing",
            "migrations/0003_create_a.sql depends on 0001_create_nothing, which does not come",
        ),
        ("-- transactional: no", "migrations/0003_create_a.sql says `-- transactional: no`"),
        ("-- code: gone", "migrations/0003_create_a.sql says `-- code: gone`"),
    ],
)
def test_a_head_that_cannot_be_followed_is_named(
    checkout: Checkout, head: str, message: str
) -> None:
    """Find what it depends on before it, and only words that there are."""
    checkout.write_migration("0003_create_a", f"-- Why.\n{head}\n\nselect 1;\n")
    checkout.write_migration("0004_create_b", creating("b"))

    result = checkout.migrate("up")

    assert (result.exit_code, result.stderr.startswith(f"Error: {message}")) == (1, True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("3_create_a", creating("a"), id="one digit"),
        pytest.param("0003a_create_a", creating("a"), id="letter"),
        pytest.param("0003-create-a", creating("a"), id="hyphens"),
        pytest.param("0000_create_a", creating("a"), id="nought, which means none"),
        pytest.param("0003_Create_a", creating("a"), id="capitals"),
    ],
)
def test_a_name_that_is_none_is_refused(checkout: Checkout, name: str, text: str) -> None:
    """Demand four digits, then words in lower case."""
    checkout.write_migration(name, text)

    result = checkout.migrate("up")

    assert (result.exit_code, result.stderr.splitlines()[0]) == (
        1,
        f"Error: migrations/{name}.sql is not named as a migration",
    )


@pytest.mark.parametrize(
    ("rollback", "message"),
    [
        (None, "0004_create_b cannot be rolled back: 0004_create_b.rollback.sql is missing"),
        (" \n", "migrations/0004_create_b.rollback.sql is empty"),
    ],
)
def test_a_migration_without_a_way_back_is_refused_before_anything_runs(
    checkout: Checkout, rollback: str | None, message: str
) -> None:
    """Demand it at once from whoever needs it."""
    checkout.write_migration("0003_create_a", creating("a"))
    checkout.write_migration("0004_create_b", creating("b"), rollback or "")
    if rollback is None:
        (checkout.root / "migrations/0004_create_b.rollback.sql").unlink()

    result = checkout.migrate("up")

    assert (result.exit_code, message in result.stderr) == (1, True)
    assert checkout.fetch("select to_regclass('aspen.a')") == [(None,)]


def test_a_rollback_may_say_that_nothing_is_to_be_undone(checkout: Checkout) -> None:
    """Accept a comment alone."""
    checkout.write_migration("0003_create_a", creating("a"), "-- The table does no harm.\n")

    assert checkout.migrate("up").exit_code == 0


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_files_are_the_same_however_an_editor_saves_them(
    checkout: Checkout, line_end: str, mark: str
) -> None:
    """Read migrations, their heads, code and the contents page; that edits nothing applied."""
    checkout.write_migration(
        "0003_index_notes",
        "-- depends: 0002_create_notes\n-- transactional: false\n\n"
        "create index concurrently notes_body_idx on aspen.notes (body);\n",
        "drop index aspen.notes_body_idx;\n",
    )
    for path in [*checkout.root.glob("migrations/*.sql"), *checkout.root.glob("sql/**/*.sql")]:
        text = mark + path.read_text().replace("\n", line_end)
        path.write_bytes(text.encode())

    status = checkout.migrate("status")
    result = checkout.migrate("up")

    assert status.stdout == (
        "applied  0001_create_users\napplied  0002_create_notes\npending  0003_index_notes\n"
        "to do: control migrate up\n"
    )
    assert (result.exit_code, result.stdout) == (
        0,
        "applied 0003_index_notes\nloaded the code of sql/\n",
    )
    assert checkout.migrate("up").stdout == "nothing to do\n"

"""`control migrate up` stops what takes too long, what changes nothing, and what comes later."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.control.schema.checkout import Checkout
from tests.servers import Database

FILL = "update aspen.notes set body = 'filled';\n"
AS_CONTROL = f"set local role none;\n{FILL}set local role aspen_owner;\n"


@pytest.fixture
def checkout(tmp_path: Path, empty_database: Database) -> Checkout:
    """Make a small checkout whose database is up to date and has a row."""
    checkout = Checkout.create(tmp_path, empty_database)
    assert checkout.migrate("up").exit_code == 0
    checkout.write_rows("insert into aspen.notes values (1, 'hello')")
    return checkout


@pytest.mark.parametrize(
    "statement",
    [
        FILL,
        "with gone as (delete from aspen.notes returning id) insert into aspen.users"
        " select id from gone;\n",
    ],
    ids=["update", "with"],
)
def test_a_migration_that_cannot_see_the_rows_is_refused(
    checkout: Checkout, statement: str
) -> None:
    """Refuse it: the table looks empty to the owner, on whom row-level security is forced."""
    checkout.write_migration("0003_fill_notes", f"-- Why.\n\n{statement}")

    result = checkout.migrate("up")

    assert (result.exit_code, result.stderr.splitlines()[-2:]) == (
        1,
        [
            "Error: migrations/0003_fill_notes.sql, line 3: this touched no row, and aspen.notes"
            " has some: forced row-level security hides them from aspen_owner",
            "Remedy: write `set local role none;` before it and `set local role aspen_owner;`"
            " behind it",
        ],
    )
    assert checkout.fetch("select body from aspen.notes") == [("hello!",)]


def test_a_migration_that_sees_the_rows_or_that_has_none_is_applied(checkout: Checkout) -> None:
    """Let an update pass that finds no row of an empty table, and one of role control."""
    checkout.write_migration("0003_fill_notes", AS_CONTROL)
    checkout.write_migration("0004_fill_users", "update aspen.users set id = 1;\n")

    assert checkout.migrate("up").exit_code == 0
    assert checkout.fetch("select body from aspen.notes") == [("filled",)]


def test_a_statement_that_takes_too_long_is_stopped(checkout: Checkout) -> None:
    """Name it and the ways out; the time is that of its own head, and nothing is kept."""
    head = "-- Why.\n-- statement-timeout: 5ms\n\nalter table aspen.notes add mood text;\n"
    slow = "do 'begin perform pg_catalog.pg_sleep(10) from aspen.notes; end';\n"
    as_control = f"set local role none;\n{slow}set local role aspen_owner;\n"
    checkout.write_migration("0003_do_slowly", head + as_control)

    result = checkout.migrate("up")

    assert result.exit_code == 1
    assert "canceling statement due to statement timeout [57014]" in result.stderr
    assert "0003_do_slowly.sql, line 6" in result.stderr
    assert "`-- statement-timeout: 10min`" in result.stderr
    assert checkout.fetch("select * from aspen.notes") == [(1, "hello!")]

    checkout.write_migration("0003_do_slowly", "-- statement-timeout: soon\n")
    refused = checkout.migrate("up")
    assert "0003_do_slowly.sql says `-- statement-timeout: soon`" in refused.stderr


def test_up_stops_at_a_number(checkout: Checkout) -> None:
    """Leave later ones pending; a number that none has is refused."""
    for name in ("0003_add_mood", "0004_add_place"):
        checkout.write_migration(name, f"alter table aspen.notes add {name[9:]} text;\n")

    result = checkout.migrate("up", "--to", "3")

    assert result.stdout.splitlines() == ["applied 0003_add_mood", "loaded the code of sql/"]
    status = checkout.migrate("status", "--json")
    assert (status.exit_code, json.loads(status.stdout)["pending"]) == (3, ["0004_add_place"])
    unknown = checkout.migrate("up", "--to", "9")
    assert "there is no migration 0009\nRemedy: the last one is 0004_add_place" in unknown.stderr


def test_up_refuses_to_stop_where_the_code_does_not_fit(checkout: Checkout) -> None:
    """Change nothing, and name the file that needs more."""
    for name in ("0003_add_mood", "0004_add_place"):
        checkout.write_migration(name, f"alter table aspen.notes add {name[9:]} text;\n")
    view = "create view internal.places as select place from aspen.notes;\n"
    checkout.append("sql/internal/shout.sql", view)

    result = checkout.migrate("up", "--to", "3")

    assert result.exit_code == 1
    assert 'column "place" does not exist' in result.stderr
    assert checkout.fetch("select * from aspen.notes") == [(1, "hello!")]


def test_an_index_that_a_killed_run_left_unfinished_is_built_again(checkout: Checkout) -> None:
    """Drop it: `if not exists` would take it for the index that is wanted."""
    checkout.execute("create index notes_body_idx on aspen.notes (body)")
    with checkout.database.connect("postgres") as conn:
        conn.execute(
            "update pg_catalog.pg_index set indisvalid = false"
            " where indexrelid = 'aspen.notes_body_idx'::regclass"
        )
    checkout.write_migration(
        "0003_index_notes",
        "-- transactional: false\n\n"
        "create index concurrently if not exists notes_body_idx on aspen.notes (body);\n",
    )

    result = checkout.migrate("up")

    assert result.exit_code == 0
    assert "dropped aspen.notes_body_idx, which a run that was killed left" in result.stderr
    assert checkout.fetch(
        "select indisvalid from pg_catalog.pg_index"
        " where indexrelid = 'aspen.notes_body_idx'::regclass"
    ) == [(True,)]

"""`control migrate up` beside others: another migrate, a crash, an API in use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.control.schema.checkout import Checkout, eventually
from tests.servers import Database

SLOW = (
    "-- Takes its time.\n-- depends: 0002_create_notes\n\ncreate table aspen.slow (id bigint);\n"
    "alter table aspen.slow enable row level security, force row level security;\n"
)
# Sleeps as long as the test holds the lock.
UNTIL_RELEASED = (
    "do $$ begin while not pg_try_advisory_xact_lock(3) loop perform pg_sleep(0.05);"
    " end loop; end $$;\n"
)


@pytest.fixture
def checkout(tmp_path: Path, empty_database: Database) -> Checkout:
    """Make a small checkout and an empty database."""
    return Checkout.create(tmp_path, empty_database)


def is_sleeping(checkout: Checkout) -> Callable[[], bool]:
    """Return whether the slow migration is under way."""
    return lambda: (
        checkout.fetch(
            "select true from pg_catalog.pg_stat_activity"
            " where wait_event = 'PgSleep' and datname = current_database()"
        )
        == [(True,)]
    )


def test_one_of_two_ups_waits_and_both_succeed(checkout: Checkout) -> None:
    """Leave the second nothing to do."""
    checkout.write_migration("0003_create_slow", SLOW + UNTIL_RELEASED)
    with checkout.database.connect() as conn:
        conn.execute("select pg_advisory_lock(3)")
        with checkout.migrating("up") as first:
            assert eventually(is_sleeping(checkout))
            with checkout.migrating("up") as second:
                assert second.stderr is not None
                said = any(
                    "another migrate of this database is running; waiting" in line
                    for line in second.stderr
                )
                conn.execute("select pg_advisory_unlock(3)")
                first_out, _ = first.communicate(timeout=60)
                second_out, _ = second.communicate(timeout=60)

    assert (first.returncode, second.returncode) == (0, 0)
    assert first_out.endswith("applied 0003_create_slow\nloaded the code of sql/\n")
    assert second_out == "nothing to do\n"
    assert said


def test_a_waiting_up_does_not_hold_up_an_index_built_concurrently(checkout: Checkout) -> None:
    """Hold no snapshot while it waits, because such a build waits for every open one."""
    checkout.write_migration("0003_create_slow", SLOW + "select pg_sleep(1);\n")
    checkout.write_migration(
        "0004_index_slow",
        "-- Why.\n-- depends: 0003_create_slow\n-- transactional: false\n\n"
        "create index concurrently slow_id_idx on aspen.slow (id);\n",
    )
    with checkout.migrating("up") as first:
        assert eventually(is_sleeping(checkout))
        with checkout.migrating("up") as second:
            first.communicate(timeout=60)
            second.communicate(timeout=60)

    assert (first.returncode, second.returncode) == (0, 0)


def test_up_finishes_what_a_killed_up_left(checkout: Checkout) -> None:
    """Kill it at any moment: all migrations, their marks and the code are one transaction."""
    checkout.write_migration("0003_create_slow", SLOW + "select pg_sleep(60);\n")
    with checkout.migrating("up") as process:
        assert eventually(is_sleeping(checkout))
        process.kill()
    checkout.write_migration("0003_create_slow", SLOW)

    result = checkout.migrate("up")

    assert (result.exit_code, result.stdout) == (
        0,
        "applied 0001_create_users\napplied 0002_create_notes\napplied 0003_create_slow\n"
        "loaded the code of sql/\n",
    )


def test_up_comes_back_until_the_tables_are_free(checkout: Checkout) -> None:
    """Wait a moment for a short-lived reader instead of failing."""
    checkout.migrate("up")
    checkout.append(
        "sql/policies/notes.sql",
        "\ncomment on policy notes_select_all on aspen.notes is 'All notes';\n",
    )
    with checkout.database.connect() as conn:
        conn.execute("begin")
        conn.execute("select from aspen.notes")
        with checkout.migrating("up") as process:
            assert process.stderr is not None
            waiting = process.stderr.readline()
            conn.execute("rollback")
            out, err = process.communicate(timeout=60)

    assert waiting == "the tables are in use; trying again for up to 30 s\n"
    assert err == "replaced 1 of 5 files of sql/ after a trial: policies/notes.sql\n"
    assert (process.returncode, out) == (0, "loaded the code of sql/\n")


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (
            "pg_terminate_backend",
            "terminating connection due to administrator command [57P01]",
        ),
        ("pg_cancel_backend", "canceling statement due to user request [57014]"),
    ],
)
@pytest.mark.parametrize("transactional", ["true", "false"])
def test_up_blames_no_statement_when_its_session_is_ended(
    checkout: Checkout, end: str, said: str, transactional: str
) -> None:
    """Say one sentence and what to do; the file is right."""
    checkout.write_migration(
        "0003_create_slow", f"-- transactional: {transactional}\n{SLOW}select pg_sleep(60);\n"
    )
    with checkout.migrating("up") as process:
        assert eventually(is_sleeping(checkout))
        with checkout.database.connect("postgres") as conn:
            (pid,) = conn.execute(
                "select pid from pg_stat_activity where wait_event = 'PgSleep'"
            ).fetchall()[0]
            conn.execute(f"select {end}(%s)".encode(), [pid])
        _, err = process.communicate(timeout=60)

    kept = "this migration runs outside a transaction: what it did before that is kept\n"
    assert process.returncode == 1
    assert err.partition("Error: ")[2] == (
        f"migrations/0003_create_slow.sql was interrupted and is not to blame: {said}\n"
        f"{kept if transactional == 'false' else ''}"
        "Remedy: control status tells whether the database runs; then run the command again: what"
        " was not finished was taken back\n"
    )

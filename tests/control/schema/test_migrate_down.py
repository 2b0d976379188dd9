"""`control migrate down`: back by whole migrations, and up again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.control.schema.checkout import Checkout, eventually
from tests.servers import SETTINGS, Database

STATE = (
    "select to_regclass('aspen.users')::text, to_regclass('aspen.notes')::text,"
    " to_regclass('api.notes')::text"
)


def test_down_rolls_back_one_step_and_unloads_the_code(checkout: Checkout) -> None:
    """Drop the code, which is made for the newest tables; up brings both back."""
    down = checkout.migrate("down", "--without-code", "--yes")
    state_after_down = checkout.fetch(STATE)
    up = checkout.migrate("up")

    assert (down.exit_code, up.exit_code) == (0, 0)
    assert "roll back 0002_create_notes\ndrop aspen.notes (" in down.stdout
    assert state_after_down == [("aspen.users", None, None)]
    assert checkout.fetch(STATE) == [("aspen.users", "aspen.notes", "api.notes")]


def test_down_loads_the_code_again_where_it_fits(checkout: Checkout) -> None:
    """Load it in the same transaction: the API goes on."""
    add_title(checkout, "alter table aspen.notes drop title;\n")

    down = checkout.migrate("down", "--yes")

    assert (down.exit_code, down.stdout) == (
        0,
        "roll back 0003_add_title\nload the code again: requests may wait until all is done\n"
        "rolled back\n",
    )
    assert checkout.fetch("select id, body from api.notes") == []
    assert checkout.fetch("select * from aspen.notes") == []


def test_down_keeps_what_others_prepared(checkout: Checkout) -> None:
    """Make no code again that stays the same, because PostgREST keeps its statements."""
    add_title(checkout, "alter table aspen.notes drop title;\n")
    with checkout.database.connect() as conn:
        shouted = "select api.notes_shouted(notes) from api.notes as notes"
        assert conn.execute(shouted, prepare=True).fetchall() == [("all!",)]

        down = checkout.migrate("down", "--yes")

        assert down.exit_code == 0
        assert conn.execute(shouted, prepare=True).fetchall() == [("all!",)]


@pytest.mark.parametrize(
    "rollback",
    [
        "update aspen.notes set body = 'title';\nalter table aspen.notes drop title;\n",
        "with gone as (select 1) update aspen.notes set body = 'title';\n"
        "alter table aspen.notes drop title;\n",
    ],
    ids=["update", "with"],
)
def test_down_changes_rows_while_no_trigger_is_there(checkout: Checkout, rollback: str) -> None:
    """Put rows back as they were, although triggers would write others."""
    checkout.append(
        "sql/policies/notes.sql",
        "\ncreate trigger notes_shout_again before update on aspen.notes"
        "\nfor each row execute function internal.shout();\n",
    )
    add_title(checkout, f"set local role none;\n{rollback}set local role aspen_owner;\n")
    checkout.write_rows("insert into aspen.notes (id, body) values (1, 'hello')")

    down = checkout.migrate("down", "--yes")

    assert down.exit_code == 0, down.output
    assert checkout.fetch("select body from aspen.notes") == [("title",)]


def test_down_replaces_code_that_needs_what_goes(checkout: Checkout) -> None:
    """Go back although this code names a column that older tables lack: older code does not."""
    older = Checkout.copy_of(checkout.root, checkout.root / "older", checkout.database)
    checkout.write(
        "sql/api/views/notes.sql",
        (checkout.root / "sql/api/views/notes.sql")
        .read_text()
        .replace("from aspen.notes", "from aspen.notes where notes.title is null"),
    )
    add_title(checkout, "alter table aspen.notes drop title;\n")

    down = checkout.migrate("down", "--yes", "--code", str(older.root))

    assert down.exit_code == 0, down.output
    assert checkout.fetch("select * from api.notes") == []
    assert checkout.fetch("select to_regclass('api.notes') is not null") == [(True,)]


def test_down_refuses_to_leave_the_database_without_code_by_accident(checkout: Checkout) -> None:
    """Demand that whoever means it says so."""
    result = checkout.migrate("down", "--yes")

    assert (result.exit_code, result.stderr.splitlines()) == (
        1,
        [
            "Error: the code of sql/ does not fit the tables after that: sql/policies/notes.sql,"
            ' line 1: relation "aspen.notes" does not exist [42P01]',
            "the statement:",
            ">    1 | grant select on aspen.notes to member",
            "Remedy: give the older version's checkout with --code DIRECTORY, or say"
            " --without-code: then the API answers nothing but errors until a control migrate up",
        ],
    )
    assert checkout.fetch(STATE) == [("aspen.users", "aspen.notes", "api.notes")]


def test_down_loads_the_code_of_an_older_checkout(checkout: Checkout, tmp_path: Path) -> None:
    """Leave the next up nothing to do."""
    older = Checkout.create(tmp_path / "older", checkout.database)
    for path in ("policies/notes.sql", "api/views/notes.sql", "api/functions/latest_note.sql"):
        older.remove_code(path)
    for path in ("0002_create_notes.sql", "0002_create_notes.rollback.sql"):
        (older.root / "migrations" / path).unlink()

    down = checkout.migrate("down", "--code", f"{older.root}", "--yes")

    assert (down.exit_code, down.stdout.splitlines()[-1]) == (0, "rolled back")
    assert checkout.fetch(STATE) == [("aspen.users", None, None)]
    assert checkout.fetch("select authz.user_id()") == [(1,)]
    assert older.migrate("up").stdout == "nothing to do\n"


@pytest.mark.parametrize("number", ["2", "3", "0002", "9999", "123456"])
def test_down_says_when_there_is_nothing_to_roll_back(checkout: Checkout, number: str) -> None:
    """Answer every number."""
    result = checkout.migrate("down", "--to", number, "--yes")

    assert (result.exit_code, result.stdout) == (
        0,
        "nothing to do: no migration after that is applied\n",
    )


def test_down_cut_off_at_any_moment_leaves_everything(checkout: Checkout) -> None:
    """Compare tables, code and what is remembered; an index that goes without a lock as well."""
    checkout.write_migration(
        "0003_index_notes",
        "-- Why.\n-- depends: 0002_create_notes\n-- transactional: false\n\n"
        "create index concurrently notes_body_idx on aspen.notes (body);\n",
        "drop index concurrently aspen.notes_body_idx;\nselect pg_sleep(60);\n",
    )
    checkout.migrate("up")
    asleep = "select true from pg_stat_activity where wait_event = 'PgSleep'"
    with checkout.migrating("down", "--to", "1", "--without-code", "--yes") as process:
        assert eventually(lambda: bool(checkout.fetch(asleep)))
        process.kill()
    assert eventually(lambda: not checkout.fetch(asleep))

    status = checkout.migrate("status")

    assert (status.exit_code, status.stdout.splitlines()[-1]) == (0, "up to date")
    assert checkout.fetch("select to_regclass('aspen.notes_body_idx')::text") == [
        ("aspen.notes_body_idx",)
    ]


def test_status_tells_that_the_code_is_not_loaded(checkout: Checkout) -> None:
    """Leave out the API, which has nothing to serve between down and up."""
    checkout.migrate("down", "--without-code", "--yes")

    result = checkout.migrate("status")

    assert result.exit_code == 3
    assert "pending  0002_create_notes\n" in result.stdout
    assert "the code of sql/ is not loaded\n" in result.stdout


@pytest.mark.parametrize(
    ("target", "state"),
    [
        (("--all",), (None, None, None)),
        (("--to", "0"), (None, None, None)),
        (("--to", "0001"), ("aspen.users", None, None)),
        (("--to", "2"), ("aspen.users", "aspen.notes", "api.notes")),
    ],
)
def test_down_keeps_what_it_is_told_to(
    checkout: Checkout, target: tuple[str, ...], state: tuple[str | None, ...]
) -> None:
    """Keep the code when there is nothing to roll back."""
    result = checkout.migrate("down", *target, "--without-code", "--yes")

    assert result.exit_code == 0
    assert checkout.fetch(STATE) == [state]


@pytest.mark.parametrize(
    ("arguments", "answer", "exit_code"),
    [
        pytest.param(("down", "--all", "--without-code"), "n\n", 1, id="refused"),
        pytest.param(("down", "--all", "--without-code"), "", 1, id="nobody there to ask"),
        pytest.param(("down", "--all", "--without-code", "--dry-run"), None, 0, id="dry run"),
        pytest.param(("down", "--all", "--to", "1"), None, 2, id="contradiction"),
    ],
)
def test_down_drops_nothing_unless_told_twice(
    checkout: Checkout, arguments: tuple[str, ...], answer: str | None, exit_code: int
) -> None:
    """Ask first, because a table goes with its rows."""
    result = checkout.migrate(*arguments, stdin=answer)

    assert result.exit_code == exit_code
    assert checkout.fetch(STATE) == [("aspen.users", "aspen.notes", "api.notes")]


def test_down_says_how_many_rows_go(checkout: Checkout) -> None:
    """Estimate them, as the planner does."""
    checkout.write_rows("insert into aspen.notes select n, 'x' from generate_series(1, 40) as n")
    checkout.execute("analyze aspen.notes")

    result = checkout.migrate("down", "--without-code", "--dry-run")

    assert result.stdout == (
        "roll back 0002_create_notes\ndrop aspen.notes (about 40 rows)\n"
        "unload the code: the API answers nothing but errors until control migrate up\n"
    )


def test_a_failing_rollback_is_named_and_changes_nothing(checkout: Checkout) -> None:
    """Roll back neither the steps before it nor the code."""
    checkout.write("migrations/0001_create_users.rollback.sql", "-- Oops.\ndrop table aspen.use;\n")

    result = checkout.migrate("down", "--all", "--without-code", "--yes")

    assert result.exit_code == 1
    assert "migrations/0001_create_users.rollback.sql, line 2: table" in result.stderr
    assert checkout.fetch(STATE) == [("aspen.users", "aspen.notes", "api.notes")]


def test_a_missing_rollback_is_named_before_anything_happens(checkout: Checkout) -> None:
    """Say what can be done instead."""
    (checkout.root / "migrations/0001_create_users.rollback.sql").unlink()

    result = checkout.migrate("down", "--all", "--without-code", "--yes")

    assert result.exit_code == 1
    assert "0001_create_users.rollback.sql is missing" in result.stderr
    assert checkout.fetch(STATE) == [("aspen.users", "aspen.notes", "api.notes")]


def test_an_index_built_without_a_transaction_goes_the_same_way(checkout: Checkout) -> None:
    """Run `drop index concurrently` outside one as well."""
    checkout.write_migration(
        "0003_index_notes",
        "-- Why.\n-- depends: 0002_create_notes\n-- transactional: false\n\n"
        "create index concurrently notes_body_idx on aspen.notes (body);\n",
        rollback="drop index concurrently aspen.notes_body_idx;\n",
    )
    checkout.migrate("up")

    result = checkout.migrate("down", "--to", "1", "--without-code", "--yes")

    assert (result.exit_code, checkout.fetch(STATE)) == (0, [("aspen.users", None, None)])


def test_the_real_schema_goes_down_to_zero_and_up_again_with_rows_in_it(
    tmp_path: Path, database: Database
) -> None:
    """Forget no table, index or order in any rollback."""
    checkout = Checkout.copy_of(SETTINGS.root, tmp_path / "checkout", database)
    with database.connect() as conn:
        conn.execute(
            "insert into aspen.users (subject, name, email) values ('alice', 'Alice', 'a@b.org')"
        )

    down = checkout.migrate("down", "--all", "--without-code", "--yes")
    left = checkout.fetch(
        "select relname from pg_catalog.pg_class where relnamespace = 'aspen'::regnamespace"
    )
    up = checkout.migrate("up")

    assert (down.exit_code, left, up.exit_code) == (0, [], 0)
    assert checkout.migrate("status").exit_code == 0


def add_title(checkout: Checkout, rollback: str) -> None:
    """Apply a migration that adds a column, and write how it is taken back."""
    checkout.write_migration(
        "0003_add_title",
        "-- Why.\n-- depends: 0002_create_notes\n\nalter table aspen.notes add title text;\n",
        rollback,
    )
    assert checkout.migrate("up").exit_code == 0

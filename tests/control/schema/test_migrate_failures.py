"""`control migrate up` when something is wrong: nothing half done, and a message to act on."""

from __future__ import annotations

import pytest

from control.schema import locks
from tests.control.schema.checkout import Checkout

CODE = "select oid from pg_catalog.pg_proc where pronamespace = 'api'::regnamespace order by oid"


def change_policy(checkout: Checkout) -> None:
    """Change what cannot be replaced without a lock."""
    path = "sql/policies/notes.sql"
    text = (checkout.root / path).read_text()
    checkout.write(path, text.replace("(authz.user_id() = 1)", "(authz.user_id() < 2)"))


def test_failing_code_is_named_and_changes_nothing(checkout: Checkout) -> None:
    """Keep the old code, object for object; the message leads to the line."""
    code_before = checkout.fetch(CODE)
    checkout.append(
        "sql/api/views/notes.sql",
        "\ncreate view api.more_notes as\nselect notes.id,\n    notes.bodi\nfrom aspen.notes;\n",
    )

    result = checkout.migrate("up")

    assert result.exit_code == 1
    assert result.stderr == (
        "Error: sql/api/views/notes.sql, line 10: column notes.bodi does not exist [42703]\n"
        'hint: Perhaps you meant to reference the column "notes.body".\n'
        "the statement:\n"
        "     8 | create view api.more_notes as\n"
        "     9 | select notes.id,\n"
        ">   10 |     notes.bodi\n"
        "       |     ^\n"
        "    11 | from aspen.notes\n"
        "Remedy: correct sql/api/views/notes.sql and run the command again\n"
    )
    assert checkout.fetch(CODE) == code_before


def test_failing_code_is_named_when_the_server_sends_no_position(checkout: Checkout) -> None:
    """Show the statement's first line instead."""
    checkout.append("sql/policies/notes.sql", "\ngrant select on aspen.notes to nobody_known;\n")

    result = checkout.migrate("up")

    assert (
        'sql/policies/notes.sql, line 8: role "nobody_known" does not exist [42704]\n'
        "the statement:\n"
        ">    8 | grant select on aspen.notes to nobody_known\n"
    ) in result.stderr


def test_failing_migration_is_named_and_undone(checkout: Checkout) -> None:
    """Take back all that would have been applied beside it: migrations and code are one step."""
    checkout.write_migration("0003_create_a", "create table aspen.a (id bigint);\n")
    checkout.write_migration(
        "0004_create_b",
        "-- Why.\n\ncreate table aspen.b (id bigint);\nalter table aspen.b drop column nothing;\n",
    )

    result = checkout.migrate("up")

    assert result.exit_code == 1
    assert "migrations/0004_create_b.sql, line 4: column" in result.stderr
    assert checkout.fetch("select to_regclass('aspen.a')::text, to_regclass('aspen.b')::text") == [
        (None, None)
    ]
    assert "pending  0003_create_a" in checkout.migrate("status").stdout


def test_a_failing_migration_without_a_transaction_says_what_it_leaves(checkout: Checkout) -> None:
    """Keep no index that is not valid: `if not exists` would take it for the wanted one."""
    checkout.write_rows("insert into aspen.notes values (1, 'same'), (2, 'same')")
    checkout.write_migration(
        "0003_index_notes",
        "-- Bodies differ.\n-- depends: 0002_create_notes\n-- transactional: false\n\n"
        "create unique index concurrently notes_body_idx on aspen.notes (body);\n",
    )

    result = checkout.migrate("up")

    assert result.exit_code == 1
    assert "migrations/0003_index_notes.sql, line 5: could not create unique" in result.stderr
    assert "this migration runs outside a transaction: what it did before" in result.stderr
    assert "dropped aspen.notes_body_idx, which could not be built\n" in result.stderr
    assert checkout.fetch("select to_regclass('aspen.notes_body_idx')") == [(None,)]


def test_an_edited_applied_migration_is_refused(checkout: Checkout) -> None:
    """Refuse an edited file, which yoyo would not notice."""
    checkout.append("migrations/0002_create_notes.sql", "-- edited\n")

    result = checkout.migrate("up")

    assert (result.exit_code, result.stderr) == (
        1,
        "Error: migrations/0002_create_notes.sql was edited after it had been applied to this"
        " database\nRemedy: restore the file (git checkout) and put the change into a migration of"
        " its own\n",
    )


def test_a_renamed_applied_migration_is_refused(checkout: Checkout) -> None:
    """Refuse a renamed file, which yoyo would apply again."""
    folder = checkout.root / "migrations"
    (folder / "0002_create_notes.sql").rename(folder / "0002_make_notes.sql")

    result = checkout.migrate("status")

    assert result.exit_code == 1
    assert (
        "migrations/0002_create_notes.sql was applied to this database and is not there;"
        " it looks renamed to 0002_make_notes.sql" in result.stderr
    )


def test_a_removed_applied_migration_is_refused(checkout: Checkout) -> None:
    """Refuse a checkout that is older than the database."""
    (checkout.root / "migrations/0002_create_notes.sql").unlink()

    result = checkout.migrate("up")

    assert result.exit_code == 1
    assert "0002_create_notes.sql was applied to this database and is not there\n" in result.stderr


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param(
            "alter table aspen.notes alter column id set default authz.user_id()",
            "default value for column id of table aspen.notes needs function authz.user_id()",
            id="default",
        ),
        pytest.param(
            "alter table aspen.notes add constraint notes_own_check check (authz.user_id() > 0)",
            "constraint notes_own_check on table aspen.notes needs function authz.user_id()",
            id="check",
        ),
        pytest.param(
            'alter table aspen.notes add column shout internal."text/x-shout"',
            'column shout of table aspen.notes needs type internal."text/x-shout"',
            id="column type",
        ),
        pytest.param(
            "create function internal.size(body text) returns integer language sql immutable"
            " return length(body);"
            " create index notes_size_idx on aspen.notes (internal.size(body))",
            "index aspen.notes_size_idx needs function internal.size(text)",
            id="index",
        ),
        pytest.param(
            "create function internal.size(body text) returns integer language sql immutable"
            " return length(body); alter table aspen.notes"
            " add column size integer generated always as (internal.size(body)) stored",
            "default value for column size of table aspen.notes needs function internal.size(text)",
            id="generated column",
        ),
        pytest.param(
            "create view aspen.loud as select notes.id from api.notes",
            "rule _RETURN on view aspen.loud needs column id of view api.notes",
            id="view outside the code",
        ),
    ],
)
def test_a_table_that_needs_code_is_refused(checkout: Checkout, change: str, named: str) -> None:
    """Refuse to load, which would drop that part of the table without a word."""
    checkout.execute(change)
    checkout.append("sql/authz/user_id.sql", "-- changed\n")
    code_before = checkout.fetch(CODE)

    result = checkout.migrate("up")

    assert result.exit_code == 1
    assert f"  {named}\n" in result.stderr
    assert checkout.fetch(CODE) == code_before


def test_a_table_in_a_code_schema_keeps_its_rows(checkout: Checkout) -> None:
    """Drop code alone, wherever the data stands."""
    checkout.execute(
        "create table internal.cache (body text); insert into internal.cache values ('x');"
        " alter table internal.cache enable row level security, force row level security"
    )
    checkout.append("sql/authz/user_id.sql", "-- changed\n")

    assert checkout.migrate("up").exit_code == 0
    assert checkout.fetch("select * from internal.cache") == [("x",)]


def test_up_gives_up_on_a_table_in_use_and_says_who_uses_it_since_when(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refuse it for anybody: an administrator may have begun what nobody ends."""
    monkeypatch.setattr(locks, "_GIVE_UP_SECONDS", 0.0)
    change_policy(checkout)
    with checkout.database.connect("postgres", application_name="a long report") as conn:
        conn.execute("begin")
        conn.execute("select from aspen.notes")
        began = conn.execute("select to_char(now(), 'YYYY-MM-DD HH24:MI:SS')").fetchone()

        result = checkout.migrate("up")

        assert result.exit_code == 1
        assert began is not None
        assert (
            f"  pid {conn.info.backend_pid} (postgres, a long report, 127.0.0.1) is idle in"
            f" transaction in a transaction since {began[0]}"
        ) in result.stderr
        assert "nothing was changed" in result.stderr


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("\\ir api/views/gone.sql", "sql/load.sql, line 12: sql/api/views/gone.sql is not there"),
        (
            "\\ir internal/shout.sql",
            "sql/load.sql, line 12: sql/internal/shout.sql is listed on line 8 already",
        ),
        ("select 1;", "sql/load.sql, line 12: 'select 1;' is neither `\\ir path` nor a comment"),
    ],
)
def test_a_wrong_contents_page_is_named(checkout: Checkout, line: str, message: str) -> None:
    """List files that exist, and nothing else."""
    checkout.append("sql/load.sql", f"{line}\n")

    result = checkout.migrate("up")

    assert result.exit_code == 1
    assert message in result.stderr


def test_a_file_that_the_contents_page_leaves_out_is_named(checkout: Checkout) -> None:
    """Name it, or whoever edits it would wait for ever; files that an editor hides do not count."""
    checkout.write("sql/api/functions/.health2.sql", "")
    assert checkout.migrate("up").stdout == "nothing to do\n"
    checkout.write("sql/api/functions/health2.sql", "select 1;\n")

    result = checkout.migrate("up")

    assert result.exit_code == 1
    assert (
        "Error: sql/load.sql does not list sql/api/functions/health2.sql\n"
        "Remedy: add a line such as `\\ir api/functions/health2.sql` after what it needs"
    ) in result.stderr


@pytest.mark.parametrize(
    "path", ["sql/load.sql", "sql/internal/shout.sql", "migrations/0003_create_a.sql"]
)
def test_a_file_that_is_no_text_is_named(checkout: Checkout, path: str) -> None:
    """Name the file, which an editor that writes another encoding may have saved."""
    checkout.write_migration("0003_create_a", "")
    (checkout.root / path).write_bytes(b"-- first\n-- caf\xe9\n")

    result = checkout.migrate("up")

    assert (result.exit_code, result.stderr.splitlines()[-2:]) == (
        1,
        [f"Error: {path}, line 2: this is not UTF-8 text", "Remedy: save the file as UTF-8"],
    )


def test_a_migration_with_another_name_is_refused(checkout: Checkout) -> None:
    """Refuse it, because the number in the name decides about its order."""
    checkout.write("migrations/0003a_create_a.sql", "")

    result = checkout.migrate("up")

    assert (result.exit_code, result.stderr.splitlines()[0]) == (
        1,
        "Error: migrations/0003a_create_a.sql is not named as a migration",
    )

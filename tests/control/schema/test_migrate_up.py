"""`control migrate up` and `status`: a database becomes what the checkout says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.control.schema.checkout import Checkout
from tests.servers import Database

CODE_OBJECTS = """
select identity.identity
from pg_catalog.pg_depend as links
cross join lateral pg_catalog.pg_identify_object(links.classid, links.objid, 0) as identity
where identity.type in ('view', 'function', 'aggregate', 'type', 'trigger', 'policy')
    and identity.identity ~ '(api|authz|internal|aspen)\\.'
    and identity.identity !~ '^(aspen\\.|api\\.loaded_)'
union
select 'grant to member on ' || columns.table_name || '.' || columns.column_name
from information_schema.column_privileges as columns
where columns.grantee = 'member' and columns.table_schema = 'aspen'
order by 1
"""


@pytest.fixture
def checkout(tmp_path: Path, empty_database: Database) -> Checkout:
    """Make a small checkout and an empty database."""
    return Checkout.create(tmp_path, empty_database)


def test_up_applies_migrations_and_loads_code(checkout: Checkout) -> None:
    """Take an empty database to tables with an API by one command."""
    result = checkout.migrate("up")

    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        ["applied 0001_create_users", "applied 0002_create_notes", "loaded the code of sql/"],
    )
    checkout.write_rows("insert into aspen.notes values (1, 'hello')")
    with checkout.database.connect(options="-c role=member") as conn:
        assert conn.execute("select * from api.notes").fetchall() == [(1, "hello!")]


def test_up_does_nothing_the_second_time(checkout: Checkout) -> None:
    """Change nothing the second time, so that it can stand in front of every start."""
    checkout.migrate("up")
    loaded_before = checkout.fetch("select xmin::text, path from control.loaded_files")

    result = checkout.migrate("up")

    assert (result.exit_code, result.stdout) == (0, "nothing to do\n")
    assert checkout.fetch("select xmin::text, path from control.loaded_files") == loaded_before


def test_up_makes_everything_the_owners(checkout: Checkout) -> None:
    """Make them the owner's, and not those of the login that happened to run it."""
    checkout.migrate("up")

    owners = checkout.fetch(
        "select relowner::regrole::text from pg_catalog.pg_class"
        " where relnamespace::regnamespace::text in ('aspen', 'api', 'control')"
        " union select proowner::regrole::text from pg_catalog.pg_proc"
        " where pronamespace::regnamespace::text in ('api', 'authz', 'internal')"
    )
    assert owners == [("aspen_owner",)]


def test_up_loads_an_edited_file_and_keeps_the_rows(checkout: Checkout) -> None:
    """Run one command after a DBA edited a function."""
    checkout.migrate("up")
    checkout.write_rows("insert into aspen.notes values (1, 'hello')")
    checkout.write(
        "sql/authz/user_id.sql",
        "create function authz.user_id() returns integer language sql stable return 1;\n"
        "grant execute on function authz.user_id() to member;\n",
    )

    result = checkout.migrate("up")

    assert result.stdout == "loaded the code of sql/\n"
    with checkout.database.connect(options="-c role=member") as conn:
        assert conn.execute("select * from api.latest_note()").fetchall() == [(1, "hello!")]


def test_up_removes_from_the_database_what_is_no_longer_in_sql(checkout: Checkout) -> None:
    """Remove views, functions, types, policies, triggers and grants, whoever needed them."""
    checkout.migrate("up")
    before = checkout.fetch(CODE_OBJECTS)
    for path in ("policies/notes.sql", "api/views/notes.sql", "api/functions/latest_note.sql"):
        checkout.remove_code(path)

    checkout.migrate("up")

    gone = {name for (name,) in before} - {name for (name,) in checkout.fetch(CODE_OBJECTS)}
    assert gone == {
        "api.latest_note()",
        "api.notes",
        "api.notes[]",
        "api.notes_shouted(api.notes)",
        "internal.loudest(api.notes[])",
        "notes_select_all on aspen.notes",
        "notes_shout on aspen.notes",
        "grant to member on notes.body",
        "grant to member on notes.id",
    }


def test_up_restores_a_dropped_api_schema(checkout: Checkout) -> None:
    """Load again although the files have not changed: the database is not what they say."""
    checkout.migrate("up")
    checkout.execute("drop schema api cascade")

    result = checkout.migrate("up")

    assert result.stdout == "loaded the code of sql/\n"
    assert checkout.fetch("select count(*) from api.notes") == [(0,)]


def test_up_builds_an_index_without_a_transaction(checkout: Checkout) -> None:
    """Run `create index concurrently` outside one."""
    checkout.write_migration(
        "0003_index_notes",
        "-- Bodies are searched.\n-- depends: 0002_create_notes\n-- transactional: false\n\n"
        "create index concurrently notes_body_idx on aspen.notes (body);\n",
    )

    result = checkout.migrate("up")

    assert "applied 0003_index_notes" in result.stdout
    assert checkout.fetch(
        "select indisvalid from pg_catalog.pg_index"
        " where indexrelid = 'aspen.notes_body_idx'::regclass"
    ) == [(True,)]


def test_up_unloads_the_code_for_a_migration_that_asks(checkout: Checkout) -> None:
    """Keep its trigger from changing what the migration writes; afterwards it is there again."""
    checkout.write_migration(
        "0003_add_quiet_note",
        "-- Somebody whispered.\n-- depends: 0002_create_notes\n-- code: unloaded\n\n"
        "set local role none;\ninsert into aspen.notes (id, body) values (1, 'quiet');\n"
        "set local role aspen_owner;\n",
    )

    result = checkout.migrate("up")
    checkout.write_rows("insert into aspen.notes (id, body) values (2, 'loud')")

    assert result.exit_code == 0
    assert checkout.fetch("select body from aspen.notes order by id") == [("quiet",), ("loud!",)]


def test_up_says_what_a_migration_warns_of(checkout: Checkout) -> None:
    """Print it (about rows it changed, say), but not what PostgreSQL itself warns of."""
    checkout.write_migration(
        "0003_tidy_notes",
        "-- Notes are tidy.\n-- depends: 0002_create_notes\n\n"
        "drop table if exists aspen.nothing;\n"
        "do $$ begin raise warning 'note 7 was the same as note 3'; end $$;\n",
    )

    result = checkout.migrate("up")

    assert result.exit_code == 0
    assert "note 7 was the same as note 3\n" in result.stderr
    assert "does not exist" not in result.stderr


def test_up_leaves_a_ledger_that_yoyo_can_read(checkout: Checkout) -> None:
    """Write what yoyo itself would have written, to its tables in schema control."""
    checkout.migrate("up")

    assert checkout.fetch(
        "select migration_id, operation from control._yoyo_log order by created_at_utc"
    ) == [("0001_create_users", "apply"), ("0002_create_notes", "apply")]


def test_dry_run_shows_everything_and_changes_nothing(checkout: Checkout) -> None:
    """Print the statements; not even the bookkeeping is created."""
    result = checkout.migrate("up", "--dry-run")

    users, notes = (
        (checkout.root / f"migrations/{name}.sql").read_text()
        for name in ("0001_create_users", "0002_create_notes")
    )
    assert (result.exit_code, result.stdout) == (
        0,
        f"would apply 0001_create_users\n{users}\nwould apply 0002_create_notes\n{notes}\n"
        "would load the code of sql/\n",
    )
    assert checkout.fetch("select to_regnamespace('control'), to_regnamespace('aspen')") == [
        (None, None)
    ]


def test_dry_run_lists_every_file_that_fails(checkout: Checkout) -> None:
    """Show the first in full, the others by their lines; nothing of it is kept."""
    checkout.migrate("up")
    checkout.append("sql/authz/user_id.sql", "\ngrant nothing;\n")
    checkout.append("sql/internal/shout.sql", "\nselect nothing;\n")
    checkout.append("sql/api/functions/latest_note.sql", "\n\ndrop view api.note;\n")
    checkout.write("sql/policies/notes.sql", "grant select on aspen.notes to member;\n")

    result = checkout.migrate("up", "--dry-run")

    assert (result.exit_code, result.stderr) == (
        1,
        "Error: sql/authz/user_id.sql, line 6: syntax error at end of input [42601]\n"
        "the statement:\n"
        ">    6 | grant nothing\n"
        "       |              ^\n"
        "and 2 more, some perhaps only because of it:\n"
        '  sql/internal/shout.sql, line 6: column "nothing" does not exist [42703]\n'
        '  sql/api/functions/latest_note.sql, line 16: view "note" does not exist [42P01]\n'
        "Remedy: correct these files and run the command again\n",
    )
    assert checkout.fetch("select * from api.notes") == []


def test_dry_run_tries_migrations_on_the_rows(checkout: Checkout) -> None:
    """Find a rule that rows break, and leave the table as before."""
    checkout.migrate("up")
    checkout.write_rows("insert into aspen.notes values (1, 'short')")
    checkout.write_migration(
        "0003_lengthen_notes",
        "-- Why.\n-- depends: 0002_create_notes\n\n"
        "alter table aspen.notes add constraint notes_length_check check (length(body) > 10);\n",
        "alter table aspen.notes drop constraint notes_length_check;\n",
    )

    refused = checkout.migrate("up", "--dry-run")
    checkout.write_rows("update aspen.notes set body = 'long enough'")
    accepted = checkout.migrate("up", "--dry-run")

    assert refused.exit_code == 1
    assert "0003_lengthen_notes.sql, line 4: check constraint" in refused.stderr
    text = (checkout.root / "migrations/0003_lengthen_notes.sql").read_text()
    assert (accepted.exit_code, accepted.stdout) == (
        0,
        f"would apply 0003_lengthen_notes\n{text}\nwould load the code of sql/\n",
    )
    assert "pending  0003_lengthen_notes" in checkout.migrate("status").stdout


def test_dry_run_tries_what_runs_outside_a_transaction_without_rows(checkout: Checkout) -> None:
    """Say that, and find what it names wrongly."""
    head = "-- Why.\n-- depends: 0002_create_notes\n-- transactional: false\n\n"
    checkout.migrate("up")
    checkout.write_migration(
        "0003_index_notes",
        f"{head}create index concurrently notes_idx on aspen.notes (bodi);\n",
        "drop index concurrently aspen.notes_idx;\n",
    )

    refused = checkout.migrate("up", "--dry-run")
    applied = checkout.migrate("up")
    checkout.write_migration(
        "0003_index_notes",
        f"{head}create index concurrently notes_idx on aspen.notes (body);\nvacuum aspen.notes;\n",
    )
    accepted = checkout.migrate("up", "--dry-run")

    assert (refused.exit_code, applied.exit_code, accepted.exit_code) == (1, 1, 0)
    assert "0003_index_notes.sql, line 5: column " in refused.stderr
    assert applied.stderr == refused.stderr
    assert accepted.stderr == (
        "0003_index_notes runs outside a transaction: it was tried on tables without rows\n"
        "what comes after it was tried there as well, not on the rows of this database\n"
        "migrations/0003_index_notes.sql, line 6: cannot be tried in a transaction\n"
    )
    assert checkout.fetch("select to_regclass('aspen.notes_idx')") == [(None,)]


def test_status_exits_3_while_something_is_pending(checkout: Checkout) -> None:
    """Exit with 0 afterwards, so that a script can ask."""
    before = checkout.migrate("status")
    checkout.migrate("up")
    after = checkout.migrate("status")

    assert (before.exit_code, after.exit_code) == (3, 0)
    assert "pending  0002_create_notes" in before.stdout
    assert after.stdout.endswith("up to date\n")


def test_status_names_files_that_differ(checkout: Checkout) -> None:
    """List added, changed and removed ones apart, for machines as well."""
    checkout.migrate("up")
    checkout.append("sql/authz/user_id.sql", "-- changed\n")
    checkout.remove_code("api/functions/latest_note.sql")
    checkout.write("sql/internal/nothing.sql", "")
    checkout.list_in_contents("internal/nothing.sql")

    result = checkout.migrate("status", "--json")

    assert (result.exit_code, json.loads(result.stdout)) == (
        3,
        {
            "applied": ["0001_create_users", "0002_create_notes"],
            "pending": [],
            "replaced": [],
            "files": {
                "added": ["internal/nothing.sql"],
                "changed": ["authz/user_id.sql"],
                "removed": ["api/functions/latest_note.sql"],
                "reordered": [],
            },
            "is_code_loaded": True,
            "breaches": [],
            "is_current": False,
        },
    )

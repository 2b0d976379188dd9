"""`control migrate up` and `status`: a database becomes what the checkout says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.control.checkout import Checkout
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
    """A small checkout and an empty database."""
    return Checkout.create(tmp_path, empty_database)


def test_up_applies_migrations_and_loads_code(checkout: Checkout) -> None:
    """One command takes an empty database to tables with an API."""
    result = checkout.migrate("up")

    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        ["applied 0001_create_users", "applied 0002_create_notes", "loaded the code of sql/"],
    )
    checkout.write_rows("insert into aspen.notes values (1, 'hello')")
    with checkout.database.connect(options="-c role=member") as conn:
        assert conn.execute("select * from api.notes").fetchall() == [(1, "hello!")]


def test_up_does_nothing_the_second_time(checkout: Checkout) -> None:
    """So that it can stand in front of every start."""
    checkout.migrate("up")
    loaded_before = checkout.fetch("select xmin::text, path from control.loaded_files")

    result = checkout.migrate("up")

    assert (result.exit_code, result.stdout) == (0, "nothing to do\n")
    assert checkout.fetch("select xmin::text, path from control.loaded_files") == loaded_before


def test_up_makes_everything_the_owners(checkout: Checkout) -> None:
    """Not the login's that happened to run it."""
    checkout.migrate("up")

    owners = checkout.fetch(
        "select relowner::regrole::text from pg_catalog.pg_class"
        " where relnamespace::regnamespace::text in ('aspen', 'api', 'control')"
        " union select proowner::regrole::text from pg_catalog.pg_proc"
        " where pronamespace::regnamespace::text in ('api', 'authz', 'internal')"
    )
    assert owners == [("aspen_owner",)]


def test_up_loads_an_edited_file_and_keeps_the_rows(checkout: Checkout) -> None:
    """A DBA edits a function and runs one command."""
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
    """Views, functions, types, aggregates, policies, triggers and grants, whoever needed them."""
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
    """The files have not changed, but the database is not what they say."""
    checkout.migrate("up")
    checkout.execute("drop schema api cascade")

    result = checkout.migrate("up")

    assert result.stdout == "loaded the code of sql/\n"
    assert checkout.fetch("select count(*) from api.notes") == [(0,)]


def test_up_builds_an_index_without_a_transaction(checkout: Checkout) -> None:
    """`create index concurrently` cannot run inside one."""
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
    """Its trigger would shout what the migration writes; afterwards it is there again."""
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


def test_up_leaves_a_ledger_that_yoyo_can_read(checkout: Checkout) -> None:
    """Its tables are in schema control and say what it would have said itself."""
    checkout.migrate("up")

    assert checkout.fetch(
        "select migration_id, operation from control._yoyo_log order by created_at_utc"
    ) == [("0001_create_users", "apply"), ("0002_create_notes", "apply")]


def test_dry_run_shows_everything_and_changes_nothing(checkout: Checkout) -> None:
    """Not even the bookkeeping is created."""
    result = checkout.migrate("up", "--dry-run")

    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [
            "would apply 0001_create_users",
            "would apply 0002_create_notes",
            "would load the code of sql/",
        ],
    )
    assert checkout.fetch("select to_regnamespace('control'), to_regnamespace('aspen')") == [
        (None, None)
    ]


def test_status_exits_3_while_something_is_pending(checkout: Checkout) -> None:
    """And 0 afterwards, so that a script can ask."""
    before = checkout.migrate("status")
    checkout.migrate("up")
    after = checkout.migrate("status")

    assert (before.exit_code, after.exit_code) == (3, 0)
    assert "pending  0002_create_notes" in before.stdout
    assert after.stdout.endswith("up to date\n")


def test_status_names_files_that_differ(checkout: Checkout) -> None:
    """Added, changed and removed ones apart, for machines too."""
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
            "files": {
                "added": ["internal/nothing.sql"],
                "changed": ["authz/user_id.sql"],
                "removed": ["api/functions/latest_note.sql"],
            },
            "is_code_loaded": True,
            "breaches": [],
            "is_current": False,
        },
    )

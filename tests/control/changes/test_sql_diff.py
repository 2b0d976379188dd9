"""`control sql diff` names what would change, and tells edits and migrations from drift."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from psycopg.conninfo import make_conninfo

from control.cli import cli
from tests.control.schema.checkout import Checkout

SHOUT = "sql/internal/shout.sql"
BY_HAND = {
    "create index notes_body_idx on aspen.notes (body)": "index aspen.notes_body_idx: made",
    "drop policy notes_select_all on aspen.notes": (
        "policy notes_select_all on aspen.notes: dropped"
    ),
    "create or replace function internal.shout() returns trigger language plpgsql"
    " set search_path = '' as 'begin return new; end'": "function internal.shout(): changed",
    "alter function authz.user_id() set work_mem = '8MB'": "function authz.user_id(): changed",
    "alter function authz.user_id() owner to claims_reader": (
        "owner of function authz.user_id(): changed"
    ),
    "grant select on aspen.users to anon": "rights of anon on table aspen.users: made",
    "grant update (body) on aspen.notes to member": (
        "rights of member on column body of table aspen.notes: made"
    ),
    "comment on view api.notes is 'Mine'": "comment on view api.notes: made",
    "alter view api.notes set (security_invoker = false)": "view api.notes: changed",
    "alter table aspen.notes disable row level security": "table aspen.notes: changed",
    "alter table aspen.notes alter column body set default 'x'": (
        "default of column aspen.notes.body: made"
    ),
    "alter table aspen.users add column nickname text": "column aspen.users.nickname: made",
    "create table aspen.scraps (id bigint)": "table aspen.scraps: made",
    "create domain aspen.colour as text": "domain aspen.colour: made",
    "drop trigger notes_shout on aspen.notes": "trigger notes_shout on aspen.notes: dropped",
    "create statistics aspen.notes_stats on id, body from aspen.notes": (
        "statistics aspen.notes_stats: made"
    ),
}


def diff(checkout: Checkout, *options: str) -> Result:
    """Run `control sql diff` in this process."""
    return CliRunner().invoke(cli, ["sql", "diff", *options], env=checkout.environment)


def administer(checkout: Checkout, *statements: str) -> None:
    """Run statements as an administrator, who may do anything by hand."""
    with checkout.database.connect("postgres") as conn:
        for statement in statements:
            conn.execute(statement.encode())


def named(result: Result) -> list[str]:
    """Return the objects that the head of the output names."""
    return [line[5:] for line in result.output.splitlines() if line.startswith("--   ")]


def test_each_change_by_hand_is_named_and_the_statements_undo_it(small: Checkout) -> None:
    """Name every kind of object; what the statements leave is no difference any more."""
    administer(small, *BY_HAND)

    result = diff(small)

    assert result.exit_code == 3
    rights = {
        # They go with the owner.
        "rights of aspen_owner on function authz.user_id(): dropped",
        "rights of claims_reader on function authz.user_id(): made",
    }
    assert {line.partition(" by hand")[0] for line in named(result)} == {
        *BY_HAND.values(),
        *rights,
    }
    assert (
        "-- This loses data:\nalter table aspen.users\n    drop column nickname;" in result.output
    )
    administer(small, result.output)
    again = diff(small, "--json")
    assert (again.exit_code, json.loads(again.output)) == (
        0,
        {"by_hand": [], "edited": [], "pending": [], "steps": []},
    )


def test_edits_and_pending_migrations_are_told_from_drift(small: Checkout) -> None:
    """Edit a function and its neighbour by hand, and add a column that new code needs."""
    text = (small.root / SHOUT).read_text()
    small.write(SHOUT, text.replace("'%s!'", "'%s!!'"))
    small.write_migration(
        "0003_add_mood",
        "-- Moods.\n-- depends: 0002_create_notes\n\n"
        "alter table aspen.notes add column mood text;\n",
        "alter table aspen.notes drop column mood;\n",
    )
    small.append("sql/tables/notes.sql", "alter table aspen.notes add column mood text;\n")
    small.append(
        "sql/api/views/notes.sql",
        "create view api.moods with (security_invoker = true) as select mood from aspen.notes;\n",
    )
    small.execute("alter function authz.user_id() volatile")
    small.execute("create index notes_body_idx on aspen.notes (body)")

    result = diff(small)

    assert result.exit_code == 3, result.output
    head = [line for line in result.output.splitlines() if line.startswith("--")]
    assert head == [
        "-- By hand, since migrations and sql/ were applied:",
        "--   index aspen.notes_body_idx: made by hand",
        "--   function authz.user_id(): changed by hand, sql/authz/user_id.sql",
        "-- Edited in sql/ since the last load:",
        "--   function internal.shout(): changed, sql/internal/shout.sql",
        "--   view api.moods: new, sql/api/views/notes.sql",
        "-- Pending migrations, whose statements are not below:",
        "--   migrations/0003_add_mood.sql",
        "-- control migrate up puts code right and applies what is pending.",
    ]
    assert "add column mood" not in result.output


@pytest.mark.parametrize("form", ["several servers", "words"])
def test_every_form_of_an_address_is_read(small: Checkout, form: str) -> None:
    """Compare with the server that answered, as in a cluster, whose address names all nodes."""
    url = small.environment["ASPEN_DATABASE_URL"]
    forms = {
        "several servers": url.replace("@", "@127.0.0.1:1,", 1),
        "words": make_conninfo(url),
    }

    environment = small.environment | {"ASPEN_DATABASE_URL": forms[form]}
    result = CliRunner().invoke(cli, ["sql", "diff"], env=environment)

    assert (result.exit_code, result.output) == (0, "-- Nothing would change.\n")

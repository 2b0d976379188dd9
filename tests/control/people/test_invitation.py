"""`control invitation`: people are invited by the function of the API, all of a file or none."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql

from control.cli import cli
from control.stack.state import SUPERUSER
from tests import factories
from tests.servers import Database

SENT = "select email, role, (expires_at - created_at)::text from aspen.invitations order by id"


@pytest.fixture
def lab(conn: psycopg.Connection) -> int:
    """Store a group of ada."""
    group = factories.group(conn, "Alpha Lab", prefix="ALP")
    factories.user(conn, "ada", {group: "admin"}, email="ada@example.org")
    return group


def run(database: Database, *args: object, ok: bool = True) -> Result:
    """Run `control invitation …` in this process."""
    environment = database.environment | {"ASPEN_OPERATOR": "olga"}
    result = CliRunner().invoke(cli, ["invitation", *map(str, args)], env=environment)
    assert (result.exit_code == 0) is ok, result.output
    return result


def test_people_of_a_file_are_invited(
    conn: psycopg.Connection, database: Database, lab: int, tmp_path: Path
) -> None:
    """Invite more than the API takes at once, each with the role and the days of the line."""
    rows = [f"ALP,p{n}@example.org,{'admin' if n % 2 else ''},{n % 2 + 1}" for n in range(250)]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["group,email,role,days", *rows]))

    tried = run(database, "create", "--from", path, "--dry-run").stdout
    unsent = conn.execute(SENT).fetchall()
    done = run(database, "create", "--from", path).stdout

    assert (tried, unsent) == ("would invite 250 persons\n", [])
    assert done == "invited 250 persons\n"
    assert sorted(conn.execute(SENT).fetchall()) == sorted(
        (f"p{n}@example.org", "admin" if n % 2 else "member", "2 days" if n % 2 else "1 day")
        for n in range(250)
    )
    assert conn.execute("select count(*) from aspen.mails").fetchone() == (250,)
    assert conn.execute(
        "select distinct actor from aspen.audit_log where table_name = 'invitations'"
    ).fetchall() == [("olga",)]


def test_every_problem_of_a_file_is_named(
    conn: psycopg.Connection, database: Database, lab: int, tmp_path: Path
) -> None:
    """Say what the API says, by line, and invite nobody."""
    path = tmp_path / "rows.csv"
    path.write_text(
        "group,email,role,days\n"
        "ALP,new@example.org,,\n"
        "ALP,NEW@example.org,,\n"
        "ALP,ada@example.org,,\n"
        "ALP,nobody,,\n"
        "NONE,x@example.org,,\n"
        "ALP,y@example.org,owner,900\n"
    )

    refused = run(database, "create", "--from", path, "--json", ok=False)

    assert [
        (one["line"], one["field"], one["reason"]) for one in json.loads(refused.stdout)["problems"]
    ] == [
        (3, "email", "is given twice (named_twice)"),
        (4, "email", "is in the group (already_member)"),
        (5, "email", "is no e-mail address (invalid_address)"),
        (6, "group", "is no group"),
        (7, "days", "must be 1 to 90"),
        (7, "role", "must be admin, member or viewer"),
    ]
    assert conn.execute(SENT).fetchall() == []


def test_an_invitation_is_shown_and_revoked(
    conn: psycopg.Connection, database: Database, lab: int
) -> None:
    """Print the link of the web app once, list the open ones, and revoke as the API does."""
    with database.connect(SUPERUSER) as superuser:
        superuser.execute(
            sql.SQL(
                "alter role authenticator in database {} set aspen.invitation_url = 'https://a/?t='"
            ).format(sql.Identifier(database.name))
        )
    made = json.loads(run(database, "create", "ALP", "a@example.org", "--json").stdout)
    (one,) = made["invitations"]
    listed = json.loads(run(database, "list", "--group", "ALP", "--json").stdout)
    run(database, "revoke", one["id"], "--yes")
    again = run(database, "revoke", one["id"] + 1, "--yes", ok=False)

    assert one["link"] == f"https://a/?t={one['token']}"
    assert [row["id"] for row in listed] == [one["id"]]
    assert run(database, "list").stderr == "no invitations\n"
    assert json.loads(run(database, "show", one["id"], "--json").stdout)["status"] == "revoked"
    assert "invitation_not_found" in again.stderr

"""`control group|user|member|grant`: the rules of the tables, in bulk, all or nothing."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.people.actions import CREATE_GROUPS, EDIT_MEMBERS
from control.people.batch import Rejected, Row
from control.people.storing import carry_out
from tests import factories
from tests.servers import Database

# Rows of files, without their headers, and the problems that a dry run names.
WRONG = {
    "group": (
        "name,prefix,address,default_tree_location_id\n"
        "Good Lab,GOOD,,\n"
        "=cmd,G,=1,9\n"
        "Alpha Lab,GOOD,,x\n"
        "Tab\tLab,,,\n",
        [
            "line 3: address '=1' must not begin with",
            "line 3: default_tree_location_id '9' does not exist",
            "line 3: name '=cmd' must not begin with",
            "line 3: prefix 'G' must have 2 to 25 characters",
            "line 4: default_tree_location_id 'x' must be an id",
            "line 4: name 'Alpha Lab' is taken",
            "line 4: prefix 'GOOD' is given twice",
            "line 5: name 'Tab\\tLab' must not begin with",
            "line 5: prefix is required",
            "line 2: prefix 'GOOD' is given twice",
        ],
    ),
    "user": (
        "subject,name,email,is_operator\n"
        "new,New,new@example.org,false\n"
        "ada,Ada,ADA@example.org,yes\n"
        ",Nobody,nobody,true\n"
        "other,Other,NEW@example.org,\n",
        [
            "line 2: email 'new@example.org' is given twice",
            "line 3: email 'ADA@example.org' is taken",
            "line 3: is_operator 'yes' must be true or false",
            "line 3: subject 'ada' is taken",
            "line 4: email 'nobody' must be an e-mail address",
            "line 4: subject is required",
            "line 5: email 'NEW@example.org' is given twice",
        ],
    ),
    "member": (
        "group,user,role\nALP,bob,member\nALP,ADA@example.org,viewer\nNONE,nobody,owner\n0,bob,\n",
        [
            "line 3: user 'ADA@example.org' is stored already",
            "line 4: group 'NONE' is no group",
            "line 4: role 'owner' must be admin, member or viewer",
            "line 4: user 'nobody' is no user",
            "line 5: group '0' is no group",
            "line 5: role is required",
        ],
    ),
    "grant": (
        "group,grantee,role,ends_at\n"
        "ALP,BET,,2030-01-01\n"
        "ALP,ALP,viewer,\n"
        "BET,ALP,reader,2001-01-01\n"
        "ALP,GAM,viewer,tomorrow\n",
        [
            "line 3: grantee 'ALP' must be another group",
            "line 4: ends_at '2001-01-01' must be in the future",
            "line 4: role 'reader' must be admin, member or viewer",
            "line 5: ends_at 'tomorrow' must be a time in ISO 8601",
        ],
    ),
}


@pytest.fixture
def lab(conn: psycopg.Connection) -> int:
    """Store three groups; ada is the only admin of the first, and bob is in none."""
    group = factories.group(conn, "Alpha Lab", prefix="ALP")
    factories.group(conn, "Beta Lab", prefix="BET")
    factories.group(conn, "Gamma Lab", prefix="GAM")
    factories.user(conn, "ada", {group: "admin"}, email="ada@example.org")
    factories.user(conn, "bob", email="bob@example.org")
    return group


def run(database: Database, *args: object, ok: bool = True) -> Result:
    """Run `control …` in this process."""
    environment = database.environment | {"ASPEN_OPERATOR": "olga"}
    result = CliRunner().invoke(cli, [*map(str, args)], env=environment)
    assert (result.exit_code == 0) is ok, result.output
    return result


def file_of(folder: Path, text: str) -> Path:
    """Write a file of rows."""
    path = folder / "rows.csv"
    path.write_text(text)
    return path


def stored(conn: psycopg.Connection) -> list[tuple[int, ...]]:
    """Count what the commands may change."""
    return conn.execute(
        "select (select count(*) from aspen.groups), (select count(*) from aspen.users),"
        " (select count(*) from aspen.memberships), (select count(*) from aspen.group_grants)"
    ).fetchall()


@pytest.mark.parametrize("noun", WRONG)
def test_every_problem_of_a_file_is_named(
    conn: psycopg.Connection, database: Database, lab: int, tmp_path: Path, noun: str
) -> None:
    """Name line and field, and store nothing, whether or not it is a dry run."""
    text, problems = WRONG[noun]
    path = file_of(tmp_path, text)
    before = stored(conn)

    tried = run(database, noun, "create", "--from", path, "--dry-run", ok=False)
    done = run(database, noun, "create", "--from", path, ok=False)

    *lines, failure, _ = tried.stderr.splitlines()
    assert [
        one for one in problems if not any(map(one.__eq__, (x[: len(one)] for x in lines)))
    ] == []
    assert failure == f"Error: {len(problems)} problems; nothing was stored"
    assert len(lines) == len(problems)
    assert done.stderr == tried.stderr
    assert stored(conn) == before


def test_a_file_is_stored_after_a_dry_run(
    conn: psycopg.Connection, database: Database, lab: int, tmp_path: Path
) -> None:
    """Store nothing in the dry run, then all, and record who did it."""
    path = file_of(tmp_path, "name,prefix\nDelta Lab,DEL\nEta Lab,ETA\n")
    arguments = ["group", "create", "--from", path]

    tried = run(database, *arguments, "--dry-run").stdout
    before = stored(conn)
    done = json.loads(run(database, *arguments, "--json").stdout)

    assert tried == "would create 2 groups\n"
    assert before[0][0] + 2 == stored(conn)[0][0]
    assert [row["name"] for row in done["groups"]] == ["Delta Lab", "Eta Lab"]
    assert (
        conn.execute(
            "select actor, action, role_name from aspen.audit_log where row_id = any(%s)"
            " and table_name = 'groups'",
            [done["ids"]],
        ).fetchall()
        == [("olga", "insert", "control")] * 2
    )


def test_people_are_managed_without_psql(database: Database, lab: int, tmp_path: Path) -> None:
    """Go through the life of a user: created, joined, changed, disabled, enabled, removed."""
    new = ("--subject", "cy", "--name", "Cy", "--email", "cy@example.org")
    run(database, "user", "create", *new)
    run(database, "member", "create", "ALP", "cy@example.org", "--role", "viewer")
    run(database, "member", "edit", "ALP", "cy", "--role", "admin")
    run(database, "user", "edit", "cy", "--name", "Cy Young", "--operator")
    run(database, "user", "disable", "cy", "--yes")
    disabled = json.loads(run(database, "user", "show", "cy", "--json").stdout)
    run(database, "user", "enable", "--from", file_of(tmp_path, "user\ncy\n"))
    run(database, "member", "remove", "Alpha Lab", "ada", "--yes")
    run(database, "group", "edit", "ALP", "--address", "1 Main Street", "--division", "")

    shown = json.loads(run(database, "user", "show", "CY@example.org", "--json").stdout)
    assert disabled["disabled_at"] is not None
    assert (shown["name"], shown["is_operator"], shown["disabled_at"], shown["groups"]) == (
        "Cy Young",
        True,
        None,
        {"Alpha Lab": "admin"},
    )
    assert "cy@example.org" in run(database, "member", "list", "--group", "ALP").stdout
    assert "1 Main Street" in run(database, "group", "show", "ALP").stdout


def test_a_grant_is_given_changed_and_revoked(database: Database, lab: int) -> None:
    """Give it an end, take the end away, revoke it; name it from both sides."""
    run(database, "grant", "create", "ALP", "BET", "--ends-at", "2100-01-01")
    first = json.loads(run(database, "grant", "list", "--group", "BET", "--json").stdout)
    run(database, "grant", "edit", "ALP", "BET", "--ends-at", "", "--role", "member")
    second = json.loads(run(database, "grant", "show", "ALP", "BET", "--json").stdout)
    run(database, "grant", "revoke", "ALP", "BET", "--yes")

    assert (first[0]["role"], first[0]["ends_at"][:10]) == ("viewer", "2100-01-01")
    assert (second["role"], second["ends_at"]) == ("member", None)
    assert run(database, "grant", "list").stderr == "no grants\n"


def test_name_and_prefix_of_a_group_are_set_once(
    database: Database, lab: int, tmp_path: Path
) -> None:
    """Take neither an option nor a column for them."""
    run(database, "group", "edit", "ALP", "--prefix", "NEW", ok=False)
    rows = file_of(tmp_path, "group,prefix\nALP,NEW\n")
    refused = run(database, "group", "edit", "--from", rows, ok=False)

    assert "has columns that are not known: prefix" in refused.stderr


@pytest.mark.parametrize(
    "arguments", [("remove", "--yes"), ("edit", "--role", "viewer")], ids=["removed", "demoted"]
)
def test_the_last_admin_stays(
    conn: psycopg.Connection, database: Database, lab: int, arguments: tuple[str, ...]
) -> None:
    """Keep the rule of the API, and name the line."""
    verb, *options = arguments

    refused = run(database, "member", verb, "ALP", "ada", *options, ok=False)

    assert "line 1: group 'ALP' would have no admin left (last_admin)" in refused.stderr
    assert stored(conn)[0][2] == 1


def test_admins_swap_in_one_file(conn: psycopg.Connection, lab: int) -> None:
    """Count the admins when all roles are set."""
    bob = factories.membership(conn, lab, conn.execute(USER_ID, ["bob"]).fetchone()[0], "viewer")  # type: ignore[index]

    changed = carry_out(
        conn,
        EDIT_MEMBERS,
        [
            Row(2, {"group": "ALP", "user": "ada", "role": "viewer"}),
            Row(3, {"group": "ALP", "user": "bob", "role": "admin"}),
        ],
    )

    assert bob in changed


USER_ID = "select id from aspen.users where subject = %s"


def test_a_big_batch_is_stored_at_once(conn: psycopg.Connection) -> None:
    """Use as many statements as for one group, and refuse them all the second time."""
    rows = [Row(n, {"name": f"Lab {n}", "prefix": f"L{n}"}) for n in range(2_000)]

    stored_ids = carry_out(conn, CREATE_GROUPS, rows)
    with pytest.raises(Rejected) as refused:
        carry_out(conn, CREATE_GROUPS, rows)

    assert len(set(stored_ids)) == 2_000
    assert len(refused.value.problems) == 4_000


def test_of_two_who_store_the_same_one_is_told(
    conn: psycopg.Connection, database: Database
) -> None:
    """Let the second one wait for the first, and say what to do."""
    row = [Row(1, {"name": "Lab", "prefix": "LAB"})]
    failures = []

    def second() -> None:
        with database.connect() as other:
            try:
                carry_out(other, CREATE_GROUPS, row)
            except Exception as error:
                failures.append(f"{error}")

    with conn.transaction():
        carry_out(conn, CREATE_GROUPS, row)
        thread = threading.Thread(target=second)
        thread.start()
        with database.connect() as watcher:
            while not watcher.execute(
                "select from pg_stat_activity where wait_event_type = 'Lock'"
                " and datname = current_database()"
            ).fetchall():
                pass
    thread.join()

    assert failures == ["somebody else stored the same at the same time; nothing was stored"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\nLab\n", "lacks columns: prefix"),
        ("name,prefix,name\nLab,LAB,x\n", "has a column twice: name"),
        ("name,prefix\nLab\n", "line 2 has 1 cells, its first line 2"),
        ("name,prefix\nLab,\x00AB\n", "line 2: prefix '\\x00AB' holds characters"),
        ('name,prefix\n"Lab,LAB\n', "unexpected end of data"),
        ("", "lacks columns: name, prefix"),
    ],
    ids=["no column", "twice", "short", "NUL", "open quote", "empty"],
)
def test_a_broken_file_is_refused(
    database: Database, tmp_path: Path, text: str, message: str
) -> None:
    """Say what is wrong with it, and store nothing."""
    result = run(database, "group", "create", "--from", file_of(tmp_path, text), ok=False)

    assert message in result.stderr


def test_a_file_and_options_exclude_each_other(database: Database, tmp_path: Path) -> None:
    """Call it a wrong command line."""
    path = file_of(tmp_path, "name,prefix\nLab,LAB\n")
    both = run(database, "group", "create", "--name", "Lab", "--from", path, ok=False)
    neither = run(database, "group", "create", "--name", "Lab", ok=False)

    assert (both.exit_code, neither.exit_code) == (2, 2)
    assert "not both" in both.stderr
    assert "Give prefix" in neither.stderr

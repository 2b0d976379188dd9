"""`control token create`, `list` and `revoke`: tokens of programs."""

from __future__ import annotations

import json

import jwt
import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.tokens.keys import KeySet
from tests import factories
from tests.servers import Database

CREATE = ("create", "nightly", "--group", "ALP", "--user")


@pytest.fixture
def lab(conn: psycopg.Connection) -> int:
    """Store a group with ada, vic, who is a viewer, and dina, who is disabled; bob is elsewhere."""
    group = factories.group(conn, "Alpha Lab", prefix="ALP")
    factories.user(conn, "ada", {group: "admin"})
    factories.user(conn, "vic", {group: "viewer"})
    factories.user(conn, "dina", {group: "member"}, disabled_at="2024-01-01")
    factories.user(conn, "bob")
    return group


@pytest.fixture
def environment(database: Database, keys: KeySet) -> dict[str, str]:
    """Return the variables of a command: the database, the keys and who runs it."""
    return database.environment | {
        "ASPEN_KEYS_DIR": str(keys.directory),
        "ASPEN_OPERATOR": "olga",
    }


def run(environment: dict[str, str], *args: object, ok: bool = True) -> Result:
    """Run `control token …` in this process."""
    result = CliRunner().invoke(cli, ["token", *map(str, args)], env=environment)
    assert (result.exit_code == 0) is ok, result.output
    return result


def stored(conn: psycopg.Connection) -> list[tuple[object, ...]]:
    """Return what is stored of the tokens."""
    return conn.execute(
        "select id, name, scope, revoked_at is not null from aspen.machine_tokens order by id"
    ).fetchall()


def test_a_token_is_made_listed_and_revoked(
    conn: psycopg.Connection, environment: dict[str, str], lab: int
) -> None:
    """Print it once and nothing else on stdout, store no part of it, and record who did it."""
    tried = run(environment, *CREATE, "ada", "--dry-run").stdout
    unsaved = stored(conn)
    made = run(environment, *CREATE, "ada", "--scope", "write", "--expires", "7d")
    token = made.stdout.strip()
    claims = jwt.decode(token, options={"verify_signature": False})
    listed = json.loads(run(environment, "list", "--group", "ALP", "--json").stdout)
    run(environment, "revoke", listed[0]["id"], "--yes")

    assert (tried, unsaved) == ("would make a machine token\n", [])
    assert claims["machine_token_id"] == listed[0]["id"]
    assert claims["exp"] - claims["iat"] in (7 * 86400 - 1, 7 * 86400)
    assert (claims["role"], "groups" in claims) == ("member", False)
    assert stored(conn) == [(listed[0]["id"], "nightly", "write", True)]
    assert run(environment, "list").stderr == "no tokens\n"
    rows = conn.execute(
        "select actor, action, details::text from aspen.audit_log"
        " where table_name = 'machine_tokens' order by id"
    ).fetchall()
    assert [row[:2] for row in rows] == [("olga", "insert"), ("olga", "update")]
    assert claims["jti"] not in f"{rows}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ada",), "has the name 'nightly'"),
        (("bob",), "user 'bob' is not in the group 'ALP'"),
        (("dina",), "user 'dina' is disabled"),
        (("vic", "--scope", "write"), "user 'vic' is a viewer"),
        (("ada", "--expires", "31d"), "longer than 30d"),
        (("nobody",), "there is no user 'nobody'"),
    ],
    ids=["taken", "stranger", "disabled", "viewer", "too long", "unknown"],
)
def test_a_token_that_would_not_work_is_not_made(
    conn: psycopg.Connection,
    environment: dict[str, str],
    lab: int,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    """Say why, and store nothing."""
    run(environment, *CREATE, "ada")
    before = stored(conn)

    refused = run(environment, *CREATE, *arguments, ok=False)

    assert message in refused.stderr
    assert stored(conn) == before


def test_a_name_is_free_again_after_revocation(environment: dict[str, str], lab: int) -> None:
    """Let a token be replaced by one of the same name."""
    first = json.loads(run(environment, *CREATE, "ada", "--json").stdout)
    run(environment, "revoke", first["id"], "--yes")

    assert json.loads(run(environment, *CREATE, "ada", "--json").stdout)["id"] > first["id"]


def test_tokens_are_revoked_together_or_not_at_all(
    conn: psycopg.Connection, environment: dict[str, str], lab: int
) -> None:
    """Name the ones that are not there."""
    made = json.loads(run(environment, *CREATE, "ada", "--json").stdout)

    refused = run(environment, "revoke", made["id"], 99, "--yes", ok=False)

    assert "there is no machine token 99" in refused.stderr
    assert stored(conn)[0][3] is False

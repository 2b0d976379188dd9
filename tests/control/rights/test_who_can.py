"""`control db who-can`: each kind of caller, each command, and the rule that decides."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.errors import ControlError
from control.rights.who_can import Verdict, who_can
from tests import factories
from tests.people import store_groups, store_people
from tests.servers import Cluster, Database, database_names

# Whom the answer puts first: the order of the table.
KINDS = (
    "admin of lab",
    "member of lab",
    "viewer of lab",
    "admin by a grant to allies",
    "member by a grant to partners",
    "viewer by a grant to guests",
    "stranger",
    "operator",
    "nobody (no token)",
)


@pytest.fixture(scope="module")
def cast(cluster: Cluster, template: Database) -> Iterator[Database]:
    """Clone a database for the module: the cast, a sample of everyone and a private one."""
    with cluster.database(next(database_names), template.name) as database:
        with database.connect() as conn:
            groups = store_groups(conn)
            store_people(conn, groups)
            factories.pathogen(conn)
            factories.sample(conn, groups["lab"], "a")
            factories.sample(conn, groups["lab"], "b", is_private=True)
            factories.location(conn, "France")
        yield database


def run(database: Database, *arguments: str) -> Result:
    """Run the command on one database."""
    return CliRunner().invoke(cli, ["db", "who-can", *arguments], env=database.environment)


def may(database: Database, resource: str, row_id: int, *, tries_writes: bool = True) -> list[str]:
    """Return the commands that each kind of caller may run, as four letters each."""
    with database.connect() as conn:
        answer = who_can(conn, resource, row_id, tries_writes=tries_writes)
        assert tuple(answer.verdicts) == KINDS
        return [
            "".join(name[0] if verdict.may else "-" for name, verdict in verdicts.items())
            for verdicts in answer.verdicts.values()
        ]


@pytest.mark.parametrize("tries_writes", [True, False], ids=["tried", "by the rules"])
def test_sample_is_of_its_members(cast: Database, tries_writes: bool) -> None:
    """Give members all, granted members all but new rows, viewers the view; others nothing."""
    found = may(cast, "samples", 1, tries_writes=tries_writes)

    assert found == ["siud", "siud", "s---", "s-ud", "s-ud", "s---", "----", "----", "----"]


def test_private_sample_is_hidden_from_viewers(cast: Database) -> None:
    """Hide it from viewers, direct and granted."""
    found = may(cast, "samples", 2)

    assert found == ["siud", "siud", "----", "s-ud", "s-ud", "----", "----", "----", "----"]


def test_reference_data_is_kept_by_operators(cast: Database) -> None:
    """Let everybody with a token read a location, and operators write it."""
    result = run(cast, "locations", "1", "--json")

    callers = json.loads(result.stdout)["callers"]
    letters = {
        caller["kind"]: "".join(
            name[0] if said["may"] else "-" for name, said in caller["commands"].items()
        )
        for caller in callers
    }
    assert letters == {"user": "s---", "operator": "siud", "nobody (no token)": "----"}


def test_rules_and_masks_are_named(cast: Database) -> None:
    """Name the policy that lets, the one that stops, a missing grant, and masked columns."""
    with cast.connect() as conn:
        verdicts = who_can(conn, "samples", 1, tries_writes=True).verdicts

    assert verdicts["member of lab"]["select"].rule == "policy samples_select_group"
    assert verdicts["member of lab"]["insert"].rule == (
        "policy samples_insert_own (written as api_writer)"
    )
    assert verdicts["stranger"]["select"].rule == "fence samples_fence"
    assert verdicts["viewer of lab"]["select"].masked == ("private_identifier",)
    assert verdicts["nobody (no token)"]["delete"].rule == (
        "no grant: delete on api.samples to anon"
    )


def test_row_of_a_previous_version_is_judged_by_the_tables_behind_it(cast: Database) -> None:
    """Find the policies through the view of api, and the grants of the version's own view."""
    with cast.connect() as conn, conn.transaction(force_rollback=True):
        conn.execute("create schema api_v1 authorization aspen_owner")
        conn.execute(
            "create view api_v1.specimens with (security_invoker = true) as"
            " select id, group_id, public_identifier from api.samples"
        )
        conn.execute("alter view api_v1.specimens owner to aspen_owner")
        conn.execute("grant usage on schema api_v1 to member")
        conn.execute("grant select on api_v1.specimens to member")
        verdicts = who_can(conn, "specimens", 2, tries_writes=True, version="api_v1").verdicts
        with pytest.raises(ControlError) as caught:
            who_can(conn, "samples", 2, tries_writes=True, version="api_v1")

    assert verdicts["member of lab"]["select"] == Verdict(True, "policy samples_select_group")
    assert verdicts["member of lab"]["update"].rule == (
        "no grant: update on api_v1.specimens to member"
    )
    assert not verdicts["viewer of lab"]["select"].may
    assert caught.value.message == "there is no resource samples in api_v1"
    assert "this database has api, api_v1" in f"{caught.value.remedy}"


def test_nothing_of_it_is_kept(cast: Database) -> None:
    """Leave rows, ids drawn aside, and the audit log as they were."""
    count = "select (select count(*) from aspen.samples), (select count(*) from aspen.audit_log)"
    with cast.connect() as conn:
        before = conn.execute(count).fetchone()

        result = run(cast, "samples", "1")

        assert result.exit_code == 0, result.output
        assert conn.execute(count).fetchone() == before
    assert "Alice" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sample", "1"], "there is no resource sample"),
        (["samples", "999"], "there is no row 999 in samples"),
    ],
)
def test_what_is_not_there_is_named(cast: Database, arguments: list[str], says: str) -> None:
    """Say which of the two it is."""
    result = run(cast, *arguments)

    assert result.exit_code == 1
    assert says in result.stderr

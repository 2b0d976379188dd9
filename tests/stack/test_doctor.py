"""`control doctor` finds a healthy stack well, and does its work when half of it is down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.doctor import api, server
from control.doctor.checks import ALL
from control.doctor.patient import Patient
from control.doctor.running import examine
from control.stack.lifecycle import components_of
from control.stack.ministack import ensure_bucket, ensure_notifications
from control.stack.ports import any_free
from control.stack.state import State
from tests.stack.conftest import LocalStack

SKIPPED = {"backups", "replication"}
OF_THE_DATABASE = {
    *("postgrest", "migrations", "code", "row-level-security", "roles", "grants", "partitions"),
    *("unused-indexes", "missing-indexes", "schema-cache", "links", "workers", "queue", "mails"),
    *("dead-letters", "webhooks", "transactions", "vacuum", "durability", "replication"),
}


def states(local: LocalStack, *names: str) -> dict[str, str]:
    """Do these checks, or all but the slow one, and return the state of each that is not well."""
    chosen = [check for check in ALL if (check.name in names if names else check.name != "drift")]
    with Patient(local.settings) as patient:
        found = {finding.name: finding.state for finding in examine(patient, chosen)}
    return {name: state for name, state in found.items() if state != "ok"}


@contextmanager
def without(local: LocalStack, name: str) -> Iterator[None]:
    """Stop one server, and start it again without all that `control up` does."""
    [component] = [each for each in components_of(local.settings) if each.server.name == name]
    component.server.stop()
    yield
    component.start()
    if name == "ministack":
        ensure_bucket(local.settings)
        ensure_notifications(local.settings)


def run(local: LocalStack, *arguments: str) -> Result:
    """Run the command."""
    environment = {
        "ASPEN_ROOT": f"{local.settings.root}",
        "ASPEN_DATA_DIR": f"{local.settings.data_dir}",
    }
    return CliRunner().invoke(cli, ["doctor", *arguments], env=environment)


@pytest.fixture
def well(local: LocalStack, monkeypatch: pytest.MonkeyPatch) -> LocalStack:
    """Bring the stack up, on a disk that has room."""
    monkeypatch.setattr(server, "LEAST_FREE_SHARE", 0.0)
    return local


def test_healthy_stack_is_well(well: LocalStack) -> None:
    """Skip only what a laptop does not have; another test is about drift."""
    assert states(well) == dict.fromkeys(SKIPPED, "skip")


def test_command_exits_with_3_for_a_fault(well: LocalStack) -> None:
    """Print the remedy, and the same as JSON."""
    fine = run(well, "--only", "roles", "--only", "s3")
    with well.connect() as conn:
        conn.execute("alter role anon bypassrls")
        faulty = run(well, "--only", "roles")
        as_json = run(well, "--only", "roles", "--json")
        conn.execute("alter role anon nobypassrls")

    assert (fine.exit_code, fine.stdout.splitlines()[-1]) == (0, "2 checks, nothing to do")
    assert (faulty.exit_code, as_json.exit_code) == (3, 3)
    assert "fail  roles  anon: the role may log in" in faulty.stdout
    assert "→ have an administrator run sql/roles.sql" in faulty.stdout
    [check] = json.loads(as_json.stdout)["checks"]
    assert (check["name"], check["state"]) == ("roles", "fail")
    assert json.loads(as_json.stdout)["is_well"] is False


def test_check_that_does_not_exist_is_refused(local: LocalStack) -> None:
    """Suggest the one that was meant."""
    result = run(local, "--only", "rolse")

    assert result.exit_code == 1
    assert "there is no check rolse" in result.stderr
    assert "did you mean roles?" in result.stderr


# The clone that it is compared with is a server of its own.
@pytest.mark.timeout(300)
def test_table_that_was_changed_by_hand_is_told(well: LocalStack) -> None:
    """Find what no load remembers, and nothing else."""
    with well.connect() as conn:
        conn.execute("alter table aspen.groups add column note text")
        result = run(well, "--only", "drift", "--json")
        conn.execute("alter table aspen.groups drop column note")

    [found] = json.loads(result.stdout)["checks"]
    assert result.exit_code == 3
    # Tests that kept a word in this stack left its table.
    said = found["said"].removesuffix(", table public.kept made by hand")
    assert said == "column aspen.groups.note made by hand"


def test_database_that_is_down_is_named_once(well: LocalStack) -> None:
    """Skip what needs it, and do everything else."""
    with without(well, "postgres"):
        found = states(well)

    skipped = {name for name, state in found.items() if state == "skip"}
    assert skipped - {"tokens"} == OF_THE_DATABASE | {"backups"}
    assert (found["database"], found["api"]) == ("fail", "fail")
    assert found.keys() - skipped - {"tokens"} == {"database", "api"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ministack", {"s3": "fail"}),
        ("postgrest", {"api": "fail", "schema-cache": "skip", "tokens": "skip"}),
        (
            "nginx",
            {
                "edge": "fail",
                "api": "skip",
                "schema-cache": "skip",
                "admin-port": "skip",
                "tokens": "skip",
            },
        ),
    ],
)
def test_server_that_is_down_is_named_once(
    well: LocalStack, name: str, expected: dict[str, str]
) -> None:
    """Do everything else."""
    asked = {*expected, "s3", "clocks", "database", "mails"}

    with without(well, name):
        found = states(well, *asked)

    assert found == expected


def test_admin_server_that_others_reach_is_told(
    well: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Take the address where it does answer for one that others reach."""
    monkeypatch.setattr(api, "_own_addresses", lambda: {"127.0.0.1"})

    assert states(well, "admin-port") == {"admin-port": "fail"}


def test_admin_server_of_a_second_postgrest_is_told(
    well: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Take the one that runs for the second of two."""
    monkeypatch.setattr(api, "_own_addresses", lambda: {"127.0.0.1"})
    settings = replace(well.settings, data_dir=tmp_path, admin_url=None)
    state = State.load(well.settings)
    ports = state.ports | {"admin": any_free(), "admin-2": state.ports["admin"]}
    replace(state, path=settings.state_file, ports=ports, postgrests=2).save(settings)

    with Patient(settings) as patient:
        [found] = examine(patient, [check for check in ALL if check.name == "admin-port"])

    assert (found.state, f":{ports['admin-2']}" in found.said) == ("fail", True)


def test_edge_that_leads_to_the_admin_server_is_told(well: LocalStack) -> None:
    """Ask for what only the admin server answers."""
    direct = replace(well.settings, api_url=well.settings.admin_url)
    with Patient(direct) as patient:
        patient.__dict__["_edge_answers"] = True
        [found] = examine(patient, [check for check in ALL if check.name == "admin-port"])

    assert (found.state, "passes /live on" in found.said) == ("fail", True)


@pytest.fixture
def slot(well: LocalStack) -> Iterator[str]:
    """Keep the log for somebody who does not come."""
    with closing(well.connect()) as conn:
        conn.execute("select pg_create_physical_replication_slot('of_nobody', true)")
        yield "of_nobody"
        conn.execute("select pg_drop_replication_slot('of_nobody')")


def test_slot_that_nobody_reads_is_told(
    well: LocalStack, slot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Warn first, and fail where it fills the disk."""
    warned = run(well, "--only", "replication")
    monkeypatch.setattr(server, "MOST_KEPT_BYTES", -1)

    assert f"nobody reads slot {slot}" in warned.stdout
    assert states(well, "replication") == {"replication": "fail"}

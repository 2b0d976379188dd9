"""`control up` recovers from every damaged state that was seen, without losing anything."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from control.cli import cli
from control.stack.postgres import postgres_server
from control.stack.process import start_mark, wait_for
from tests.servers import SETTINGS
from tests.stack import chaos
from tests.stack.conftest import SERVERS, LocalStack
from tests.stack.test_ports import foreign_program

PORTS = {
    "api": "nginx",
    "relay": "nginx",
    "postgrest": "postgrest",
    "admin": "postgrest",
    "s3": "ministack",
    "postgres": "postgres",
}


def is_well(local: LocalStack) -> bool:
    """Tell whether everything runs and answers, and nothing runs twice."""
    states = local.states()
    return states == dict.fromkeys(SERVERS, "running") and local.api_answers()


def halve(path: Path) -> None:
    """Truncate it to half, as a full disk or a crash would."""
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    """Truncate it to nothing."""
    os.truncate(path, 0)


def turn_ports_to_text(path: Path) -> None:
    """Turn ports into text, as an editor may."""
    document = json.loads(path.read_text())
    document["ports"] = {name: f"{port}" for name, port in document["ports"].items()}
    path.write_text(json.dumps(document))


def name_impossible_ports(path: Path) -> None:
    """Write numbers that are no ports."""
    document = json.loads(path.read_text())
    document["ports"] = dict.fromkeys(document["ports"], 99999)
    path.write_text(json.dumps(document))


DAMAGES = [halve, empty, turn_ports_to_text, name_impossible_ports]


@pytest.mark.parametrize(
    ("damage", "is_running"), [(damage, True) for damage in DAMAGES] + [(halve, False)]
)
def test_damaged_env_json_is_set_aside_and_made_again(
    local: LocalStack, damage: Callable[[Path], None], is_running: bool
) -> None:
    """Heal it by `control up` alone, without deleting a file by hand first."""
    local.keep(f"{damage.__name__}-{is_running}")
    if not is_running:
        local.down()
    damage(local.settings.state_file)

    result = CliRunner().invoke(
        cli,
        ["up"],
        env={"ASPEN_ROOT": str(SETTINGS.root), "ASPEN_DATA_DIR": str(local.settings.data_dir)},
    )
    local.up()

    assert result.exit_code == 0, result.output
    assert "was damaged and is now env.damaged" in result.stderr
    assert is_well(local)
    assert local.kept(f"{damage.__name__}-{is_running}") == (True, True)


def lose_them(run: Path) -> None:
    """Delete the whole directory."""
    shutil.rmtree(run)


def halve_them(run: Path) -> None:
    """Truncate each to half."""
    for path in run.glob("*.pid"):
        halve(path)


@pytest.mark.parametrize("damage", [lose_them, halve_them])
def test_servers_without_pid_files_are_found_and_not_started_twice(
    local: LocalStack, damage: Callable[[Path], None]
) -> None:
    """Find them, because two emulators on one directory would overwrite each other's objects."""
    before = local.pids()
    damage(local.settings.data_dir / "run")

    local.up()

    left = {name for name, pid in before.items() if pid and start_mark(pid) is not None}
    assert is_well(local)
    assert left <= {"postgres"}
    assert "ministack ran without a pid file; stopped it" in local.said


def test_down_stops_servers_whose_pid_files_were_lost(local: LocalStack) -> None:
    """Leave nothing running unseen."""
    before = local.pids()
    shutil.rmtree(local.settings.data_dir / "run")

    local.down()

    assert [name for name, pid in before.items() if pid and start_mark(pid) is not None] == []


def test_database_that_lost_its_own_pid_file_is_restarted(local: LocalStack) -> None:
    """Restart it, because it would end itself within a minute, while in use."""
    before = local.pid("postgres")
    (local.settings.data_dir / "postgres" / "postmaster.pid").unlink()

    local.up()

    assert local.pid("postgres") != before
    assert is_well(local)


def test_lost_logs_are_begun_again(local: LocalStack) -> None:
    """Recognise the servers that wrote there."""
    shutil.rmtree(local.settings.data_dir / "logs")
    shutil.rmtree(local.settings.data_dir / "run")

    local.up()

    assert is_well(local)


def test_workers_of_a_killed_edge_are_ended_although_its_pid_file_is_lost(
    local: LocalStack,
) -> None:
    """End them, because they would go on serving its port."""
    local.kill("nginx")
    local.pid_file("nginx").unlink()

    local.up()

    assert "nginx ran without a pid file; stopped it" in local.said
    assert is_well(local)


def test_everything_killed_at_once_comes_back(local: LocalStack) -> None:
    """Recover as after the kernel ran out of memory."""
    local.keep("killed-at-once")
    for name in SERVERS:
        local.kill(name)

    local.up()

    assert is_well(local)
    assert local.kept("killed-at-once") == (True, True)


@pytest.mark.parametrize("name", PORTS)
def test_port_taken_from_a_killed_server_is_stepped_over(local: LocalStack, name: str) -> None:
    """Move the server and let the others follow to the new address."""
    port = local.remembered()["ports"][name]
    local.kill(PORTS[name])
    for pid in chaos.server_of(local, PORTS[name]).strays():
        os.kill(pid, signal.SIGKILL)

    with foreign_program(port):
        local.up()

        assert is_well(local)

    assert local.remembered()["ports"][name] != port


def test_all_ports_taken_while_down_are_stepped_over(local: LocalStack) -> None:
    """Move all away from programs that answer everything, on every address."""
    local.down()
    before = local.remembered()["ports"]
    with ExitStack() as strangers:
        for port in before.values():
            strangers.enter_context(foreign_program(port, "0.0.0.0"))

        local.up()

        assert is_well(local)

    assert set(before.values()) & set(local.remembered()["ports"].values()) == set()


@pytest.mark.timeout(300)
def test_stack_heals_from_random_damage(local: LocalStack) -> None:
    """Run three rounds of `make chaos` with a fixed seed."""
    assert chaos.run(local, seed=1, rounds=3) == []


def test_hung_database_is_restarted(local: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restart a stopped postmaster, which accepts connections and never answers."""
    monkeypatch.setattr("control.stack.lifecycle.PATIENCE_SECONDS", 0.5)
    # A stopped process follows no signal but the last.
    monkeypatch.setattr(
        "control.stack.components.postgres_server",
        lambda *where: replace(postgres_server(*where), stop_seconds=1),
    )
    hung = local.pid("postgres")
    os.kill(hung, signal.SIGSTOP)

    local.up()

    assert wait_for(lambda: start_mark(hung) is None, 20)
    assert is_well(local)

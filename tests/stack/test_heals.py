"""`control up` recovers from every damaged state that was seen, without losing anything.

One `up` heals several damages, each of another server: what it says tells them apart.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from control.cli import cli
from control.stack import starting
from control.stack.ministack import ministack_server
from control.stack.postgres import postgres_server
from control.stack.process import start_mark
from control.stack.state import State
from control.storage.s3 import make_client
from tests.servers import SETTINGS
from tests.stack import chaos
from tests.stack.conftest import SERVERS, LocalStack
from tests.stack.test_ports import foreign_program

# Servers that are killed, what another program then takes, and who has to follow to the new ports.
MOVES = (
    ({"postgres": ("postgres",), "ministack": ("s3",)}, "postgrest"),
    ({"nginx": ("api", "relay")}, "postgrest"),
    ({"postgrest": ("postgrest", "admin")}, "nginx"),
)


def is_well(local: LocalStack) -> bool:
    """Tell whether everything runs and answers, and nothing runs twice."""
    states = local.states()
    return states == dict.fromkeys(SERVERS, "running") and local.api_answers()


def halve(path: Path) -> None:
    """Truncate it to half, as a full disk or a crash would."""
    os.truncate(path, path.stat().st_size // 2)


def name_stranger(local: LocalStack, stranger: int) -> None:
    """Let every pid file name a process that got the pid of a server which is gone."""
    for name in SERVERS:
        local.pid_file(name).write_text(
            f'{{"pid": {stranger}, "started": "{start_mark(stranger)}0", "fingerprint": ""}}'
        )


def test_damaged_env_json_of_a_running_stack_is_made_again(local: LocalStack) -> None:
    """Heal it by `control up` alone, without deleting a file by hand first.

    The database gets its new password at once, and not after it was waited for in vain.
    """
    local.keep("env-of-running")
    halve(local.settings.state_file)

    result = CliRunner().invoke(
        cli,
        ["up"],
        env={"ASPEN_ROOT": str(SETTINGS.root), "ASPEN_DATA_DIR": str(local.settings.data_dir)},
    )
    local.settings = State.load(local.settings).applied_to(local.settings)

    assert result.exit_code == 0, result.output
    assert "was damaged and is now env.damaged" in result.stderr
    assert "does not answer" not in result.stderr
    assert is_well(local)
    assert local.kept("env-of-running") == (True, True)


def test_damage_of_a_stopped_stack_is_healed(
    local: LocalStack, stranger: subprocess.Popen[bytes]
) -> None:
    """Choose new passwords, and neither trust nor kill a process that got the pid of a server."""
    local.keep("env-of-stopped")
    local.down()
    halve(local.settings.state_file)
    name_stranger(local, stranger.pid)
    local.down()
    name_stranger(local, stranger.pid)

    local.up()

    assert stranger.poll() is None
    assert is_well(local)
    assert local.kept("env-of-stopped") == (True, True)


def test_servers_without_pid_files_are_found_and_not_started_twice(local: LocalStack) -> None:
    """Find them, because two emulators on one directory would overwrite each other's objects.

    One lost its pid file, one has half of it, one lost its log as well; of one only the workers are
    left, which would go on serving its port. The database is recognised by its data directory.
    """
    before = local.pids()
    halve(local.pid_file("postgres"))
    local.pid_file("ministack").unlink()
    halve(local.pid_file("postgrest"))
    local.kill("nginx")
    local.pid_file("nginx").unlink()
    local.pid_file("logkeeper").unlink()
    (local.settings.data_dir / "logs" / "logkeeper.log").unlink()

    local.up()

    left = [name for name, pid in before.items() if pid and start_mark(pid) is not None]
    stopped = [f"{name} ran without a pid file; stopped it" for name in SERVERS[1:]]
    assert [line for line in local.said if "pid file" in line] == stopped
    assert (left, local.pid("postgres")) == (["postgres"], before["postgres"])
    assert is_well(local)


def test_down_stops_servers_whose_pid_files_were_lost(local: LocalStack) -> None:
    """Leave nothing running unseen, although the logs that they write to are gone as well."""
    before = local.pids()
    shutil.rmtree(local.settings.data_dir / "run")
    shutil.rmtree(local.settings.data_dir / "logs")

    local.down()

    assert [name for name, pid in before.items() if pid and start_mark(pid) is not None] == []


def test_everything_killed_at_once_comes_back(
    local: LocalStack, stranger: subprocess.Popen[bytes]
) -> None:
    """Recover as after the kernel ran out of memory, or after a reboot.

    The pid in PostgreSQL's own files is that of another program, which PostgreSQL itself would take
    for a server.
    """
    local.keep("killed-at-once")
    for name in SERVERS:
        local.kill(name)
    socket_lock = local.settings.data_dir.glob("socket/*.lock")
    for lock in (local.settings.data_dir / "postgres" / "postmaster.pid", next(socket_lock)):
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")

    local.up()

    had_died = {f"{name} had died; starting it again" for name in SERVERS}
    assert had_died <= {*local.said}
    assert stranger.poll() is None
    assert is_well(local)
    assert local.kept("killed-at-once") == (True, True)


@pytest.mark.parametrize(("taken", "follower"), MOVES, ids=["-".join(taken) for taken, _ in MOVES])
def test_port_taken_from_a_killed_server_is_stepped_over(
    local: LocalStack, taken: dict[str, tuple[str, ...]], follower: str
) -> None:
    """Move the server and let the others follow to the new address."""
    local.keep("-".join(taken))
    ports, others = local.remembered()["ports"], {*SERVERS} - {*taken, follower}
    before = local.pids()
    with ExitStack() as strangers:
        for name, its_ports in taken.items():
            local.kill(name)
            for pid in chaos.server_of(local, name).strays():
                os.kill(pid, signal.SIGKILL)
            for port in its_ports:
                strangers.enter_context(foreign_program(ports[port]))

        local.up()

        assert is_well(local)
        assert local.kept("-".join(taken)) == (True, True)

    moved = {port for port, number in local.remembered()["ports"].items() if number != ports[port]}
    assert moved == {port for its_ports in taken.values() for port in its_ports}
    how = "reloaded, because its settings changed" if follower == "nginx" else "runs with"
    assert f"{follower} {how}" in "\n".join(local.said)
    assert {name: local.pid(name) for name in others} == {name: before[name] for name in others}


def test_what_servers_lost_or_forgot_is_set_again(local: LocalStack) -> None:
    """Sign links for the emulator's present address, version its objects, announce manifests.

    The database, which would end itself within a minute without its own pid file, is restarted.
    """
    before = local.pid("postgres")
    with local.connect() as conn:
        conn.execute("update aspen.storage_credentials set endpoint_url = 'http://127.0.0.1:1'")
    local.kill("ministack")
    (local.settings.data_dir / "postgres" / "postmaster.pid").unlink()

    local.up()

    with local.connect() as conn:
        rows = conn.execute("select bucket, endpoint_url from aspen.storage_credentials").fetchall()
    versioning = make_client(local.settings).get_bucket_versioning(Bucket=local.settings.bucket)
    announced = local.announced(
        "jobs/1/1/tree.json", "group/1/manifest.json", "jobs/1/1/manifest.json"
    )
    assert local.pid("postgres") != before
    assert rows == [(local.settings.bucket, local.settings.s3_endpoint_url)]
    assert versioning["Status"] == "Enabled"
    assert announced == ["jobs/1/1/manifest.json"]
    assert is_well(local)


def test_servers_that_hang_are_restarted(
    local: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Restart what exists, accepts connections and never answers."""
    monkeypatch.setattr(starting, "PATIENCE_SECONDS", 0.5)
    # A stopped process follows no signal but the last.
    monkeypatch.setattr(
        "control.stack.components.postgres_server",
        lambda *where: replace(postgres_server(*where), stop_seconds=0.5),
    )
    monkeypatch.setattr(
        "control.stack.ministack.ministack_server",
        lambda *where: replace(ministack_server(*where), stop_seconds=0.5),
    )
    hung = {name: local.pid(name) for name in ("postgres", "ministack")}
    for pid in hung.values():
        os.kill(pid, signal.SIGSTOP)

    local.up()

    said = [f"{name} runs but does not answer; restarting it" for name in hung]
    assert [line for line in local.said if "does not answer" in line] == said
    assert [name for name, pid in hung.items() if start_mark(pid) is not None] == []
    assert is_well(local)


def test_database_that_is_full_is_not_restarted(local: LocalStack) -> None:
    """Leave it: it rejects new connections while it serves the open ones."""
    before = local.pids()
    with ExitStack() as clients:
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            while True:
                clients.enter_context(local.connect())

        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            local.up()

    assert local.pids() == before


@pytest.mark.timeout(300)
def test_stack_heals_from_random_damage(local: LocalStack) -> None:
    """Run a round of `make chaos` whose seed has `control up` killed as well, halfway."""
    assert chaos.run(local, seed=13, rounds=1) == []

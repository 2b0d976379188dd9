"""`control up` leaves every server running, whatever state it finds, and loses nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from control.stack import lifecycle
from control.stack.postgres import LEAST_WAL_MB, MOST_WAL_MB, room_for_wal, wal_limit_mb
from control.stack.process import Record, start_mark
from control.storage.s3 import make_client
from tests.servers import SETTINGS
from tests.stack.conftest import SERVERS, LocalStack


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that is none of our servers."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_up_leaves_servers_that_answer(local: LocalStack) -> None:
    """Answer a request through PostgREST after `up`."""
    assert local.states() == dict.fromkeys(SERVERS, "running")
    assert local.api_answers()


def test_up_again_leaves_running_servers_alone(local: LocalStack) -> None:
    """Say in a second `up` that all run already, and restart none."""
    before = local.pids()

    local.up()

    assert local.pids() == before
    assert [line for line in local.said if "already running" in line] == local.said


@pytest.mark.parametrize("name", SERVERS)
def test_up_after_a_kill_brings_it_back_and_loses_nothing(local: LocalStack, name: str) -> None:
    """Recover from `kill -9` of any one server."""
    local.keep(f"before-{name}")
    local.kill(name)

    local.up()

    assert f"{name} had died; starting it again" in local.said
    assert local.states() == dict.fromkeys(SERVERS, "running")
    assert local.kept(f"before-{name}") == (True, True)
    assert local.api_answers()


def test_up_after_down_has_the_same_data_on_the_same_ports(local: LocalStack) -> None:
    """Keep database, objects, passwords and ports through `down`."""
    local.keep("before-down")
    ports = local.remembered()["ports"]

    local.down()
    states = local.states()
    local.up()

    assert states == dict.fromkeys(SERVERS, "stopped")
    assert local.remembered()["ports"] == ports
    assert local.kept("before-down") == (True, True)


def test_down_twice_says_that_nothing_ran(local: LocalStack) -> None:
    """Succeed on a stopped stack."""
    local.down()

    local.down()

    assert local.said == [f"{name} was not running" for name in reversed(SERVERS)]


def test_recycled_pid_is_neither_trusted_nor_killed(
    local: LocalStack, stranger: subprocess.Popen[bytes]
) -> None:
    """Recognise a pid that the system has since given to another process."""
    local.down()
    for name in SERVERS:
        record = Record(stranger.pid, f"{start_mark(stranger.pid)}0", "")
        local.pid_file(name).write_text(
            f'{{"pid": {record.pid}, "started": "{record.started}", "fingerprint": ""}}'
        )

    local.up()
    states = local.states()
    local.down()

    assert states == dict.fromkeys(SERVERS, "running")
    assert stranger.poll() is None


def test_up_ignores_a_postmaster_pid_that_names_a_stranger(
    local: LocalStack, stranger: subprocess.Popen[bytes]
) -> None:
    """Start, although PostgreSQL itself would take the other process for a server."""
    local.kill("postgres")
    lock = local.settings.data_dir / "postgres" / "postmaster.pid"
    lines = lock.read_text().splitlines()
    lock.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")

    local.up()

    assert local.states()["postgres"] == "running"
    assert stranger.poll() is None


@pytest.mark.parametrize("content", ["", "no json", "[1]"], ids=repr)
def test_damaged_pid_file_does_not_make_a_second_postgres(local: LocalStack, content: str) -> None:
    """Recognise a server on our data directory without it."""
    pid = local.pid("postgres")
    local.pid_file("postgres").write_text(content)

    local.up()

    assert local.pid("postgres") == pid


def test_down_stops_a_postgres_whose_pid_file_was_lost(local: LocalStack) -> None:
    """Leave none running unseen."""
    pid = local.pid("postgres")
    local.pid_file("postgres").unlink()

    local.down()

    assert start_mark(pid) is None


def test_taken_port_is_stepped_over_and_named(local: LocalStack) -> None:
    """Leave the port to the program that took it while the stack was down."""
    port = local.remembered()["ports"]["postgres"]
    local.down()
    with socket.socket() as occupier:
        occupier.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        occupier.bind(("127.0.0.1", port))
        occupier.listen()

        local.up()

    instead = local.remembered()["ports"]["postgres"]
    assert instead != port
    assert f"port {port} is taken; postgres gets {instead}" in local.said
    assert local.api_answers()


def test_links_to_files_name_the_running_s3(local: LocalStack) -> None:
    """Sign URLs for the S3 server's present port."""
    with psycopg.connect(str(local.settings.database_url)) as conn:
        conn.execute("update aspen.storage_credentials set endpoint_url = 'http://127.0.0.1:1'")

    local.up()

    with psycopg.connect(str(local.settings.database_url)) as conn:
        rows = conn.execute("select bucket, endpoint_url from aspen.storage_credentials").fetchall()
    assert rows == [(local.settings.bucket, local.settings.s3_endpoint_url)]


def test_bucket_keeps_versions_after_every_start(local: LocalStack) -> None:
    """Set it again, because the emulator forgets it."""
    local.kill("ministack")

    local.up()

    versioning = make_client(local.settings).get_bucket_versioning(Bucket=local.settings.bucket)
    assert versioning["Status"] == "Enabled"


def test_queue_for_output_watch_is_there_after_every_start(local: LocalStack) -> None:
    """Announce each new manifest, and no other file; a second `up` keeps what waits."""
    local.kill("ministack")

    local.up()
    announced = local.announced(
        "jobs/1/1/tree.json", "group/1/manifest.json", "jobs/1/1/manifest.json"
    )

    assert announced == ["jobs/1/1/manifest.json"]


def test_up_again_keeps_what_waits_in_the_queue(local: LocalStack) -> None:
    """Make the queue only where it is missing."""
    local.put("jobs/2/1/manifest.json")

    local.up()

    assert "jobs/2/1/manifest.json" in local.announced()


def test_lost_passwords_are_replaced_and_the_data_stays(local: LocalStack) -> None:
    """Set new ones when env.json is lost, and keep the database."""
    local.keep("before-loss")
    local.settings.state_file.unlink()

    local.up()

    assert local.states() == dict.fromkeys(SERVERS, "running")
    assert local.kept("before-loss") == (True, True)
    assert local.api_answers()


def test_up_restarts_a_server_that_hangs(
    local: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Restart a process that exists but does not answer."""
    monkeypatch.setattr(lifecycle, "PATIENCE_SECONDS", 0.5)
    hung = local.pid("ministack")
    os.kill(hung, signal.SIGSTOP)

    local.up()

    assert "ministack runs but does not answer; restarting it" in local.said
    assert local.states()["ministack"] == "running"
    assert local.pid("ministack") != hung


def test_up_does_not_restart_a_database_that_is_full(local: LocalStack) -> None:
    """Leave it: it rejects new connections while it serves the open ones."""
    before = local.pids()
    with ExitStack() as clients:
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            while True:
                clients.enter_context(local.connect())

        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            local.up()

    assert local.pids() == before


@pytest.mark.parametrize(
    ("free_mb", "limit_mb"),
    [(100_000, 2048), (8_192, 1024), (1_024, 128), (400, 64), (0, 64)],
)
def test_limit_of_the_recovery_log_follows_the_disk(free_mb: int, limit_mb: int) -> None:
    """Lower it on a small disk, which PostgreSQL would otherwise fill and then stop."""
    assert wal_limit_mb(free_mb << 20) == limit_mb


def test_database_runs_with_a_log_its_disk_bears(local: LocalStack) -> None:
    """Apply the limit, and count the existing log as room."""
    with local.connect() as conn:
        shown = conn.execute(
            "select setting::int from pg_settings where name = 'max_wal_size'"
        ).fetchone()

    room = room_for_wal(local.settings.data_dir / "postgres")
    assert shown is not None
    assert LEAST_WAL_MB <= shown[0] <= min(MOST_WAL_MB, room >> 22)


def test_env_json_is_readable_by_its_owner_only(local: LocalStack) -> None:
    """Protect the passwords in it."""
    assert local.settings.state_file.stat().st_mode & 0o777 == 0o600
    assert local.settings.data_dir.stat().st_mode & 0o777 == 0o700


def test_no_password_is_in_any_command_line_or_log(local: LocalStack) -> None:
    """Hide passwords from whoever lists processes or reads logs."""
    secrets = [str(password) for password in local.remembered()["passwords"].values()]
    shown = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True)
    logs = "".join(log.read_text() for log in (local.settings.data_dir / "logs").iterdir())

    assert [secret for secret in secrets if secret in shown.stdout + logs] == []


def test_two_ups_at_once_start_everything_once(local: LocalStack) -> None:
    """Let the second wait for the first and find everything running."""
    local.down()
    command = [sys.executable, "-c", "from control.cli import main; main()", "up"]
    environment = {
        "PATH": os.environ["PATH"],
        "ASPEN_ROOT": str(SETTINGS.root),
        "ASPEN_DATA_DIR": str(local.settings.data_dir),
    }

    ups = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [up.communicate(timeout=60)[1] for up in ups]

    assert [up.returncode for up in ups] == [0, 0], said
    assert sum("waiting for it to finish" in each for each in said) == 1
    assert sum("postgres started" in each for each in said) == 1
    assert local.states() == dict.fromkeys(SERVERS, "running")

"""`control up` and `control down` of a stack that nothing damaged; test_heals.py damages it."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from control import stack
from control.stack.postgres import LEAST_WAL_MB, MOST_WAL_MB, room_for_wal, wal_limit_mb
from tests.stack.conftest import SERVERS, LocalStack


def test_up_again_leaves_running_servers_alone(local: LocalStack) -> None:
    """Say in a second `up` that all run already, restart none, and keep what waits in the queue."""
    before = local.pids()
    local.put("jobs/2/1/manifest.json")

    local.up()

    assert local.pids() == before
    assert [line for line in local.said if "already running" in line] == local.said
    assert "jobs/2/1/manifest.json" in local.announced()
    assert local.api_answers()


def test_no_password_is_in_any_command_line_or_log(local: LocalStack) -> None:
    """Hide passwords from whoever lists processes or reads logs."""
    secrets = [str(password) for password in local.remembered()["passwords"].values()]
    shown = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True)
    logs = "".join(log.read_text() for log in (local.settings.data_dir / "logs").iterdir())

    assert [secret for secret in secrets if secret in shown.stdout + logs] == []


def test_files_are_for_their_owner_only(local: LocalStack) -> None:
    """Protect the passwords in env.json, and the data."""
    assert local.settings.state_file.stat().st_mode & 0o777 == 0o600
    assert local.settings.data_dir.stat().st_mode & 0o777 == 0o700


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


def test_down_stops_every_server(local: LocalStack) -> None:
    """Say so of each, and succeed on a stopped stack."""
    local.down()
    first = list(local.said)

    local.down()

    assert first == [f"{name} stopped" for name in reversed(SERVERS)]
    assert local.said == [f"{name} was not running" for name in reversed(SERVERS)]
    assert local.states() == dict.fromkeys(SERVERS, "stopped")


def test_two_ups_at_once_start_everything_once(local: LocalStack) -> None:
    """Let the second wait for the first; data, objects, passwords and ports are those before."""
    local.keep("before-down")
    before = local.remembered()
    local.down()
    said: list[str] = []
    with ThreadPoolExecutor(2) as threads:
        ups = [threads.submit(stack.up, local.settings, said.append) for _ in range(2)]
        [up.result() for up in ups]

    assert sum("waiting for it to finish" in line for line in said) == 1
    assert [sum(f"{name} started" in line for line in said) for name in SERVERS] == [1] * 5
    assert local.remembered() == before
    assert local.states() == dict.fromkeys(SERVERS, "running")
    assert local.kept("before-down") == (True, True)

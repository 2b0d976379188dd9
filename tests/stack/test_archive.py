"""The local stack keeps an archive, if it is asked to, whatever is killed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from control import stack
from control.backups import archiving
from control.backups.archive import Archive
from control.backups.packing import PACKED
from control.cli import cli
from control.stack.process import start_mark, wait_for
from tests.stack.conftest import SERVERS, LocalStack

pytestmark = pytest.mark.timeout(400)


def archive_of(local: LocalStack) -> Archive:
    """Return the archive of a stack."""
    return Archive(local.settings.data_dir / "archive")


def position(lsn: str) -> int:
    """Return a position in the log as a number of bytes."""
    high, low = lsn.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def goes_on(local: LocalStack) -> bool:
    """Write something, and tell whether it reaches the archive."""
    with local.connect() as conn:
        [(lsn,)] = conn.execute("select pg_logical_emit_message(false, 'test', 'x')::text")
        conn.execute("create table if not exists public.kept (word text)")

    def is_there() -> bool:
        noted = archive_of(local).complete_until
        return noted is not None and position(noted[1]) >= position(lsn)

    return wait_for(is_there, 120)


def receiver_of(local: LocalStack) -> int:
    """Return the process that receives the log."""
    return int(archive_of(local).receiver_pid.read_text())


def environment_of(local: LocalStack) -> dict[str, str]:
    """Return what makes a command take this stack."""
    return {
        "ASPEN_ROOT": str(local.settings.root),
        "ASPEN_DATA_DIR": str(local.settings.data_dir),
    }


def shown(local: LocalStack, *options: str) -> str:
    """Return what `control status` prints."""
    return CliRunner().invoke(cli, ["status", *options], env=environment_of(local)).stdout


def test_stack_keeps_an_archive_whatever_is_killed(
    local: LocalStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start the receiver again; after a kill and a restart go on without a gap; end when told."""
    local.settings = stack.up(local.settings, print, archives=True)
    assert goes_on(local)

    # The log goes to the first of two archives: the second is never complete.
    monkeypatch.setattr(archiving, "_CATCH_UP_SECONDS", 2)
    second = CliRunner().invoke(
        cli, ["db", "archive", "--once", f"{tmp_path}"], env=environment_of(local)
    )
    assert (second.exit_code, Archive(tmp_path).complete_until) == (1, None)
    assert "uses the slot" in second.output and "another archive" in second.output

    receiver = receiver_of(local)
    os.kill(receiver, signal.SIGKILL)
    assert wait_for(lambda: receiver_of(local) != receiver, 60)
    assert goes_on(local)
    assert "Archive   complete until 20" in shown(local)

    # So a full disk leaves a segment.
    [segment] = archive_of(local).wal.glob("*.partial")
    os.truncate(segment, 1000)
    with local.connect() as conn:
        conn.execute("select pg_terminate_backend(active_pid) from pg_replication_slots")
    assert goes_on(local)

    # Its receiver is left behind, and holds the slot.
    orphan = receiver_of(local)
    local.kill("archive")
    assert start_mark(orphan) is not None
    local.down()
    local.up()
    assert goes_on(local)
    assert start_mark(orphan) is None
    [base] = archive_of(local).bases
    assert archive_of(local).segments(base)
    status = json.loads(shown(local, "--json"))
    assert status["components"]["archive"]["state"] == "running"
    assert status["archive_complete_until"] is not None

    local.settings = stack.up(local.settings, print, archives=False)
    assert set(local.states()) == set(SERVERS)
    with local.connect() as conn:
        assert conn.execute("select slot_name from pg_replication_slots").fetchall() == []
    assert archive_of(local).bases == [base]
    assert Path(base.directory, PACKED).exists()

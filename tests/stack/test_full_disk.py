"""A full disk is named and survived, and nothing is lost once there is room again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from control.errors import ControlError
from control.stack.ports import any_free
from tests.servers import SETTINGS, prepare_stack
from tests.stack.conftest import SERVERS, LocalStack

MEGABYTES = 300


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk smaller than PostgreSQL's usual WAL; this needs root."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=755", "none", tmp_path],
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("a disk can be mounted by root only")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def fill(disk: Path) -> Path:
    """Leave no room."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(bytes(1 << 20))
    return filler


def test_full_disk_is_named_and_room_heals_it(small_disk: Path) -> None:
    """Name the cause instead of log lines; bring the database back with everything."""
    data = small_disk / "data"
    local = LocalStack(
        replace(SETTINGS, data_dir=data, keys_dir=data / "keys", first_port=any_free())
    )
    prepare_stack(local.settings)
    local.up()
    try:
        local.keep("before-the-disk-was-full")
        with local.connect() as conn:
            assert conn.execute("show max_wal_size").fetchone() == ("64MB",)
        filler = fill(small_disk)
        local.kill("postgres")

        with pytest.raises(ControlError, match="the disk") as caught:
            local.up()

        filler.unlink()
        local.up()
        assert "is full" in caught.value.message
        assert "free some space" in f"{caught.value.remedy}"
        assert local.states() == dict.fromkeys(SERVERS, "running")
        assert local.kept("before-the-disk-was-full") == (True, True)
    finally:
        local.down()

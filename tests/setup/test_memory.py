"""What tests write lies in memory where there is room, and does not stay there."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import FOLDER, pytest_sessionfinish
from tests.memory import NAME, folder_name, make_folder


@pytest.mark.parametrize("memory", ["small", "missing"])
def test_no_folder_is_made_where_memory_has_no_room(tmp_path: Path, memory: str) -> None:
    """Make none as well on a system without a file system in memory."""
    (tmp_path / "small").mkdir()

    assert make_folder(memory=tmp_path / memory, room=1 << 60) is None
    assert list((tmp_path / "small").iterdir()) == []


def test_folder_of_a_run_that_was_killed_is_removed(tmp_path: Path) -> None:
    """Keep that of a run that goes on, and what is not of the tests."""
    with subprocess.Popen(["sleep", "60"]) as other:
        ended = subprocess.Popen(["true"])
        ended.wait()
        going_on = folder_name(other.pid)
        for name in (going_on, f"{NAME}{ended.pid}-00000000", f"{NAME}{other.pid}-0", "others"):
            (tmp_path / name).mkdir()

        folder = make_folder(memory=tmp_path, room=1)
        assert folder is not None
        left = {path.name for path in tmp_path.iterdir()} - {folder.name}
        other.kill()

    assert left == {going_on, "others"}


@pytest.mark.parametrize(("failed", "stays"), [(0, False), (1, True)])
def test_files_stay_until_the_next_run_if_a_test_failed(
    tmp_path: Path, failed: int, stays: bool
) -> None:
    """Keep the logs of servers, say; otherwise leave nothing in memory."""
    folder = make_folder(memory=tmp_path, room=1)
    assert folder is not None
    stash = pytest.Stash()
    stash[FOLDER] = folder
    session: Any = SimpleNamespace(testsfailed=failed, config=SimpleNamespace(stash=stash))

    pytest_sessionfinish(session)

    assert folder.exists() == stays

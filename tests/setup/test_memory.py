"""The tests' data lies in memory where there is room, and does not stay there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.memory import NAME, folder_name, memory_folder


def test_folder_in_memory_is_removed_after_the_run(tmp_path: Path) -> None:
    """Remove it with all it holds."""
    with memory_folder(tmp_path / "otherwise", memory=tmp_path, room=1) as folder:
        (folder / "data").mkdir()
        (folder / "data" / "file").write_text("word")
        place = folder.parent

    assert (place, list(tmp_path.iterdir())) == (tmp_path, [])


@pytest.mark.parametrize("memory", ["small", "missing"])
def test_folder_on_disk_is_used_where_memory_has_no_room(tmp_path: Path, memory: str) -> None:
    """Use it as well on a system without a file system in memory."""
    (tmp_path / "small").mkdir()

    with memory_folder(tmp_path, memory=tmp_path / memory, room=1 << 60) as folder:
        assert (folder, list((tmp_path / "small").iterdir())) == (tmp_path, [])


def test_folder_of_a_run_that_was_killed_is_removed(tmp_path: Path) -> None:
    """Keep that of a run that goes on, and what is not of the tests."""
    with subprocess.Popen(["sleep", "60"]) as other:
        ended = subprocess.Popen(["true"])
        ended.wait()
        going_on = folder_name(other.pid)
        for name in (going_on, f"{NAME}{ended.pid}-00000000", f"{NAME}{other.pid}-0", "others"):
            (tmp_path / name).mkdir()

        with memory_folder(tmp_path / "otherwise", memory=tmp_path, room=1) as folder:
            left = {path.name for path in tmp_path.iterdir()} - {folder.name}
        other.kill()

    assert left == {going_on, "others"}

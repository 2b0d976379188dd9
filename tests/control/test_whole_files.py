"""Files appear whole or not at all."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_IMODE

import pytest

from control.whole_files import new_file, whole_file


def test_file_is_replaced_when_it_is_complete(tmp_path: Path) -> None:
    """Show the earlier file until the end, and leave nothing else."""
    path = tmp_path / "state.json"
    path.write_text("before")

    with whole_file(path) as file:
        file.write(b"after")
        file.flush()
        assert path.read_text() == "before"

    assert path.read_text() == "after"
    assert os.listdir(tmp_path) == ["state.json"]


@pytest.mark.parametrize("was", ["before", None])
def test_file_that_cannot_be_completed_changes_nothing(tmp_path: Path, was: str | None) -> None:
    """Keep the earlier file, or none."""
    path = tmp_path / "state.json"
    if was:
        path.write_text(was)

    with pytest.raises(OSError, match="no space"), whole_file(path) as file:
        file.write(b"half")
        raise OSError("no space")

    assert [one.read_text() for one in tmp_path.iterdir()] == ([was] if was else [])


@pytest.mark.parametrize(("mode", "expected"), [(None, 0o600), (0o666, 0o640)])
def test_file_is_for_its_owner_unless_the_umask_decides(
    tmp_path: Path, mode: int | None, expected: int
) -> None:
    """Give nobody else the file, not even while it is written."""
    path = tmp_path / "key"
    umask = os.umask(0o027)
    try:
        with whole_file(path) if mode is None else whole_file(path, mode) as file:
            assert S_IMODE(os.fstat(file.fileno()).st_mode) == expected
    finally:
        os.umask(umask)

    assert S_IMODE(path.stat().st_mode) == expected


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    """Write again under the same process id."""
    path = tmp_path / "x"
    with whole_file(path) as file:
        left = Path(f"/proc/self/fd/{file.fileno()}").readlink()
    left.write_text("half, and longer than the whole")

    with whole_file(path) as file:
        file.write(b"whole")

    assert path.read_text() == "whole"
    assert not left.exists()


def test_threads_write_the_same_file(tmp_path: Path) -> None:
    """Keep one of their files whole."""
    path = tmp_path / "x"

    def write(number: int) -> None:
        with whole_file(path) as file:
            for _ in range(100):
                file.write(b"%d" % number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))

    assert path.read_text() in {f"{number}" * 100 for number in range(8)}
    assert os.listdir(tmp_path) == ["x"]


def test_name_as_long_as_the_system_allows_is_written(tmp_path: Path) -> None:
    """Leave room for the name that the file has meanwhile."""
    path = tmp_path / ("ü" * 127)

    with whole_file(path) as file:
        file.write(b"whole")

    assert path.read_bytes() == b"whole"


def test_new_file_replaces_none(tmp_path: Path) -> None:
    """Refuse the name of another file."""
    path = tmp_path / "identity"
    path.write_text("lost if replaced")

    with pytest.raises(FileExistsError), new_file(path):
        pass

    assert path.read_text() == "lost if replaced"

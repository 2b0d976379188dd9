"""A base backup is packed while it arrives, and what was packed earlier can still be unpacked."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from control.backups.packing import MANIFEST, PACKED, pack, unpack_files
from control.errors import ControlError

FILES = {"PG_VERSION": b"18\n", "base/1/1259": bytes(range(256)) * 9000, "pg_wal/1": b"log"}


def tar_of(files: dict[str, bytes]) -> bytes:
    """Return a tar of these files, as pg_basebackup sends it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as packed:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def files_of(directory: Path) -> dict[str, bytes]:
    """Return the files below a directory."""
    found = (path for path in directory.rglob("*") if path.is_file())
    return {f"{path.relative_to(directory)}": path.read_bytes() for path in found}


def test_packed_files_come_back_with_the_manifest(tmp_path: Path) -> None:
    """Write the manifest beside the tar as well, for its owner only."""
    files = FILES | {MANIFEST: b"{}"}
    (tmp_path / "base").mkdir()
    pack(io.BytesIO(tar_of(files)), tmp_path / "base")

    unpack_files(tmp_path / "base", tmp_path / "data")

    assert files_of(tmp_path / "data") == files
    assert (tmp_path / "base" / MANIFEST).read_bytes() == b"{}"
    modes = {oct(path.stat().st_mode & 0o777) for path in (tmp_path / "base").iterdir()}
    assert modes == {"0o600"}


def test_stream_that_ends_early_has_no_manifest(tmp_path: Path) -> None:
    """Leave it to the program to say why, and never take half a backup for a whole one."""
    whole = tar_of(FILES | {MANIFEST: b"{}"})

    pack(io.BytesIO(whole[: len(whole) // 2]), tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [PACKED]


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_damaged_tar_is_refused(tmp_path: Path, damage: str) -> None:
    """Say which file it is."""
    (tmp_path / "base").mkdir()
    pack(io.BytesIO(tar_of(FILES)), tmp_path / "base")
    packed = tmp_path / "base" / PACKED
    content = packed.read_bytes()
    middle = len(content) // 2
    half = content[:middle]
    packed.write_bytes(half if damage == "cut" else half + b"\xff" * 8 + content[middle + 8 :])

    with pytest.raises(ControlError, match=rf"{PACKED} is damaged"):
        unpack_files(tmp_path / "base", tmp_path / "data")


def test_base_backup_of_an_earlier_version_is_unpacked(tmp_path: Path) -> None:
    """Put the log, which is in a file of its own, where it belongs."""
    (tmp_path / "base").mkdir()
    data = {name: content for name, content in FILES.items() if not name.startswith("pg_wal")}
    for name, files in (("base", data), ("pg_wal", {"1": b"log"})):
        (tmp_path / "base" / f"{name}.tar.gz").write_bytes(gzip.compress(tar_of(files)))
    (tmp_path / "base" / MANIFEST).write_bytes(b"{}")

    unpack_files(tmp_path / "base", tmp_path / "data")

    assert files_of(tmp_path / "data") == FILES | {MANIFEST: b"{}"}

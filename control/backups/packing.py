"""Pack a base backup while it arrives, and unpack it: a tar compressed with zstd.

With zstd a third of the time of gzip packs it, a quarter unpacks it, and it is a sixth smaller.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

from control.errors import ControlError
from control.whole_files import new_file

PACKED, MANIFEST = "base.tar.zst", "backup_manifest"
# What earlier versions wrote: pg_basebackup's own, with the log in a second file.
_EARLIER = ("base.tar.gz", "pg_wal.tar.gz")
_LEVEL, _THREADS = 1, 2
_PIECE_BYTES = 1 << 20


class _Copying:
    """Pass on what is read from a stream, and write a copy of it."""

    def __init__(self, stream: IO[bytes], copy: BinaryIO) -> None:
        self._stream, self._copy = stream, copy

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._copy.write(data)
        return data


def pack(stream: IO[bytes], directory: Path) -> None:
    """Write what pg_basebackup sends as a tar, and beside it the manifest at its end.

    Without a manifest it ended early.
    """
    from zstandard import ZstdCompressor

    # Every read is as large as asked for, unless the stream ends.
    compressor = ZstdCompressor(level=_LEVEL, threads=_THREADS, write_checksum=True)
    with new_file(directory / PACKED) as file:
        with compressor.stream_writer(file, closefd=False) as packed:
            copying = _Copying(stream, packed)
            # The program says itself why it ended early.
            with suppress(tarfile.TarError):
                _take_manifest(copying, directory)
            while copying.read(_PIECE_BYTES):
                pass


def _take_manifest(stream: Any, directory: Path) -> None:
    with tarfile.open(fileobj=stream, mode="r|", bufsize=_PIECE_BYTES) as packed:
        for member in _members(packed):
            if member.name == MANIFEST:
                content = packed.extractfile(member)
                assert content is not None
                with new_file(directory / MANIFEST) as manifest:
                    manifest.write(content.read())


def _members(packed: Any) -> Iterator[tarfile.TarInfo]:
    """Yield what a tar holds; otherwise all of it stays in memory."""
    for member in packed:
        packed.members.clear()
        yield member


def unpack_files(directory: Path, target: Path) -> None:
    """Unpack a base backup piece by piece, with its manifest."""
    if (directory / PACKED).exists():
        _extract(directory / PACKED, target)
        return
    if len(list(directory.glob("*.tar.gz"))) > len(_EARLIER):
        raise ControlError(
            "the server has tablespaces, which control does not restore",
            "restore it with pg_basebackup's own means",
        )
    for name, folder in zip(_EARLIER, (target, target / "pg_wal"), strict=True):
        _extract(directory / name, folder)
    (target / MANIFEST).write_bytes((directory / MANIFEST).read_bytes())


def _extract(path: Path, target: Path) -> None:
    from zstandard import ZstdError

    try:
        with (
            _plain(path) as plain,
            tarfile.open(fileobj=plain, mode="r|", bufsize=_PIECE_BYTES) as packed,
        ):
            for member in _members(packed):
                packed.extract(member, target, filter="tar")
    except (tarfile.TarError, zlib.error, ZstdError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ControlError(f"{path} is damaged", "use another base backup or copy") from error


@contextmanager
def _plain(path: Path) -> Iterator[Any]:
    from zstandard import ZstdDecompressor

    if path.suffix == ".gz":
        # pg_basebackup writes several gzip members, of which tarfile alone reads the first.
        with gzip.open(path) as plain:
            yield plain
    else:
        with open(path, "rb") as file, ZstdDecompressor().stream_reader(file) as plain:
            yield plain

"""Open files that may be compressed with gzip, xz or zstd, whatever they are called."""

from __future__ import annotations

import gzip
import lzma
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from pipelines import tools
from pipelines.job import JobError

_DAMAGE = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open what a file unpacks to; one that is damaged or cut off fails the job when it is read."""
    with path.open("rb") as file:
        start = file.read(6)
    try:
        if start[:2] == b"\x1f\x8b":
            with gzip.open(path) as unzipped:
                yield cast("BinaryIO", unzipped)
        elif start == b"\xfd7zXZ\x00":
            with lzma.open(path) as unpacked:
                yield cast("BinaryIO", unpacked)
        elif start[:4] == b"\x28\xb5\x2f\xfd":
            with _zstd(path) as unpacked:
                yield unpacked
        else:
            with path.open("rb") as file:
                yield file
    except _DAMAGE as error:
        raise JobError(f"{path.name} is damaged or cut off: {error}") from error


@contextmanager
def _zstd(path: Path) -> Iterator[BinaryIO]:
    """Read what zstd writes, which Python has no module for before 3.14."""
    program = tools.find(["zstd"], "apt-get install zstd, or compress the file with gzip or xz")
    with subprocess.Popen(
        [program, "--decompress", "--stdout", "--long=31", path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        try:
            yield cast("BinaryIO", process.stdout)
            # Whoever reads only the beginning does not see an error further on.
            if process.stdout.read(1) == b"" and process.wait():
                said = process.stderr.read().decode(errors="replace").strip()
                raise EOFError(said.rpartition(": ")[2])
        finally:
            process.kill()

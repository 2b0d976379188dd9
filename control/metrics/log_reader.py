"""Read a log while it is written, cut and replaced, each line once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 1 << 20
# Longer than any line of the access log; what is longer is passed over.
LINE_BYTES = 1 << 16


@dataclass(frozen=True)
class Position:
    """Where reading goes on: the file, and the line before, by which it is found after a cut."""

    inode: int
    offset: int
    line_bytes: int = 0
    line_hash: str = ""


class LogReader:
    """The lines of a log from a position on."""

    def __init__(self, path: Path, position: Position | None = None) -> None:
        self.path = path
        self.position = position

    def chunks(self) -> Iterator[list[bytes]]:
        """Yield complete lines of at most a megabyte at a time, until the present end.

        Whoever takes a chunk finds in `position` where it ends. Of a log that was renamed, the rest
        is read first; of one that was cut, what comes after the last line that was read.
        """
        if (renamed := self._renamed()) is not None:
            yield from self._chunks_of(renamed)
            self.position = None
        yield from self._chunks_of(self.path)

    @property
    def unread_bytes(self) -> int:
        """Return how much of the log was not read yet."""
        try:
            status = self.path.stat()
        except OSError:
            return 0
        is_here = self.position is not None and self.position.inode == status.st_ino
        return max(status.st_size - (self.position.offset if self.position and is_here else 0), 0)

    def _renamed(self) -> Path | None:
        """Return the file that was read so far, if it has another name by now."""
        if self.position is None:
            return None
        try:
            if self.path.stat().st_ino == self.position.inode:
                return None
            for sibling in sorted(self.path.parent.glob(f"{self.path.name}*")):
                if sibling.stat().st_ino == self.position.inode:
                    return sibling
        except OSError:
            return None
        return None

    def _chunks_of(self, path: Path) -> Iterator[list[bytes]]:
        try:
            file = path.open("rb")
        except OSError:
            return
        with file:
            inode = os.fstat(file.fileno()).st_ino
            offset = self._start(file, inode)
            while True:
                file.seek(offset)
                text = file.read(CHUNK_BYTES)
                length = text.rfind(b"\n") + 1
                if length == 0:
                    if len(text) < CHUNK_BYTES:
                        return
                    # A line without an end: pass over it, and take its rest for a line of its own.
                    length = len(text)
                lines = text[:length].splitlines(keepends=True)
                offset += length
                last = lines[-1]
                self.position = Position(inode, offset, len(last), sha256(last).hexdigest())
                yield [line for line in lines if len(line) <= LINE_BYTES]

    def _start(self, file: BinaryIO, inode: int) -> int:
        """Return where to go on in this file: after the last line, wherever it is by now."""
        position = self.position
        if position is None or (position.inode != inode and not position.line_hash):
            return 0
        if position.inode == inode and position.offset >= position.line_bytes:
            file.seek(position.offset - position.line_bytes)
            if sha256(file.read(position.line_bytes)).hexdigest() == position.line_hash:
                return position.offset
        file.seek(0)
        # Not `for line in file`: a line may be longer than memory.
        for line in iter(lambda: file.readline(CHUNK_BYTES), b""):
            if len(line) == position.line_bytes and (
                sha256(line).hexdigest() == position.line_hash
            ):
                return file.tell()
        return 0

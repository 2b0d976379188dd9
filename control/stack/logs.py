"""Read the servers' logs: the last lines, or new lines as they are written."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from control.stack.process import tail

POLL_SECONDS = 0.25


def last_lines(files: Mapping[str, Path], lines: int) -> Iterator[tuple[str, str]]:
    """Yield the last lines of each log, with the name of the server."""
    for name, path in files.items():
        for line in tail(path, lines):
            yield name, line


def follow(files: Mapping[str, Path]) -> Iterator[tuple[str, str]]:
    """Yield each complete line written from now on; a trimmed log is read from its start."""
    return _follow(files, {name: _size(path) for name, path in files.items()})


def _follow(files: Mapping[str, Path], read: dict[str, int]) -> Iterator[tuple[str, str]]:
    while True:
        for name, path in files.items():
            if _size(path) < read[name]:
                read[name] = 0
            text = _new_text(path, read[name])
            read[name] += len(text)
            for line in text.decode(errors="replace").splitlines():
                yield name, line
        time.sleep(POLL_SECONDS)


def _new_text(path: Path, start: int) -> bytes:
    """Return what was written since an offset, up to the last line end."""
    try:
        with open(path, "rb") as log:
            log.seek(start)
            text = log.read()
    except FileNotFoundError:
        return b""
    return text[: text.rfind(b"\n") + 1]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0

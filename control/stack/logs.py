"""The servers' logs, one after the other or as they are written."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from control.stack.process import tail

POLL_SECONDS = 0.25


def last_lines(files: Mapping[str, Path], lines: int) -> Iterator[tuple[str, str]]:
    """The last lines of each log, with the name of the server."""
    for name, path in files.items():
        for line in tail(path, lines):
            yield name, line


def follow(files: Mapping[str, Path]) -> Iterator[tuple[str, str]]:
    """Each complete line as it is written, for ever; a log cut meanwhile is read from its start."""
    read = {name: _size(path) for name, path in files.items()}
    while True:
        for name, path in files.items():
            if _size(path) < read[name]:
                read[name] = 0
            with_end = _new_text(path, read[name])
            read[name] += len(with_end)
            for line in with_end.decode(errors="replace").splitlines():
                yield name, line
        time.sleep(POLL_SECONDS)


def _new_text(path: Path, start: int) -> bytes:
    """What was written since, up to the last line end."""
    try:
        with open(path, "rb") as log:
            log.seek(start)
            text = log.read()
    except FileNotFoundError:
        return b""
    return text[: text.rfind(b"\n") + 1]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0

"""Why a server did not start or went away, in its own log and in plain words."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Cause:
    """What a line of a log means, and what to do about it."""

    what: str
    remedy: str
    line: str = ""


_BACKUP = "restore a backup (docs/operations.md, Backups), or let make clean forget the data"
# The first that fits counts: what fills a disk shows itself in many ways.
_CAUSES = (
    (
        r"No space left on device|disk quota exceeded",
        Cause("the disk is full", "free room there, then control up: nothing stored is lost"),
    ),
    (
        r"Cannot allocate memory|could not map anonymous shared memory|out of memory|MemoryError",
        Cause("there is not enough memory", "end what needs most of it, then control up"),
    ),
    (
        r"could not create semaphores|could not create shared memory segment",
        Cause("the system's limit of shared memory or semaphores is reached", "raise it (ipcs -l)"),
    ),
    (
        r"Too many open files",
        Cause("too many files are open", "raise the limit (ulimit -n), then control up"),
    ),
    (
        r"Address already in use|could not bind",
        Cause("another program took its port", "control up chooses another"),
    ),
    (
        r"could not locate a valid checkpoint record|invalid checkpoint|checksum mismatch"
        r"|incorrect checksum|invalid primary checkpoint|PANIC:  could not open file",
        Cause("the data directory is damaged", _BACKUP),
    ),
    (
        r"is not a valid data directory|could not open file \"\S*global/pg_control",
        Cause("the data directory lacks files", _BACKUP),
    ),
    (
        r"Permission denied|has wrong ownership|has invalid permissions",
        Cause("its files belong to another user", "run control as the user who ran it first"),
    ),
)


def find_cause(lines: Sequence[str], directory: Path) -> Cause | None:
    """The cause the last telling line names; a full disk with the room that is left on it."""
    for line in reversed(lines):
        for pattern, cause in _CAUSES:
            if re.search(pattern, line, re.IGNORECASE):
                found = _with_room(cause, directory) if cause is _CAUSES[0][1] else cause
                return replace(found, line=line)
    return None


def _with_room(cause: Cause, directory: Path) -> Cause:
    free = shutil.disk_usage(directory).free
    return Cause(f"{cause.what} ({free >> 20} MB are free for {directory})", cause.remedy)

"""A folder in memory for the tests' PostgreSQL, whose data nobody needs after the run.

A clone of the template creates and removes some hundred files. On a disk this takes several times
the processor time of all else that a test with a database of its own does.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from control.stack.process import start_mark

# Linux's file system in memory; containers often have one that is too small.
MEMORY = Path("/dev/shm")
# Mostly 80 to 150 MB are used; the log of a test that stores much may take an eighth of the room.
ROOM = 2 << 30
NAME = "aspen-tests-"


@contextmanager
def memory_folder(otherwise: Path, memory: Path = MEMORY, room: int = ROOM) -> Iterator[Path]:
    """Make a folder in memory that goes at the end, or return `otherwise` where there is no room.

    Folders of runs that were killed go first.
    """
    if not has_room(memory, room):
        yield otherwise
        return
    remove_abandoned(memory)
    folder = memory / folder_name(os.getpid())
    folder.mkdir(mode=0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def has_room(memory: Path, room: int) -> bool:
    """Tell whether files can be made there, and that much of them."""
    return (
        memory.is_dir()
        and os.access(memory, os.W_OK | os.X_OK)
        and shutil.disk_usage(memory).free >= room
    )


def remove_abandoned(memory: Path) -> None:
    """Remove the folders whose process is gone; a server that still runs there ends by itself."""
    for folder in memory.glob(f"{NAME}*"):
        pid = folder.name.removeprefix(NAME).split("-")[0]
        is_ours = folder.stat().st_uid == os.getuid()
        if is_ours and pid.isdigit() and folder.name != folder_name(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def folder_name(pid: int) -> str:
    """Return the name of a process's folder; a pid is given again, but not with the same start."""
    mark = hashlib.sha256(f"{start_mark(pid)}".encode()).hexdigest()[:8]
    return f"{NAME}{pid}-{mark}"

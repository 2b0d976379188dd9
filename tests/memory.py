"""A folder in memory for all files that tests make, which nobody needs after the run.

A clone of the template creates and removes some hundred files, and a stack of a test's own writes
each commit through to its disk. On a disk this takes several times the processor time of all else.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from control.stack.process import start_mark

# Linux's file system in memory; containers often have one that is too small.
MEMORY = Path("/dev/shm")
# A run uses two at most; the log of a test that stores much may take an eighth of the room.
ROOM = 4 << 30
NAME = "aspen-tests-"


def make_folder(memory: Path = MEMORY, room: int = ROOM) -> Path | None:
    """Make a folder in memory, or return None where there is no room.

    Folders of runs that were killed, or that left one because a test failed, go first.
    """
    if not has_room(memory, room):
        return None
    remove_abandoned(memory)
    folder = memory / folder_name(os.getpid())
    folder.mkdir(mode=0o755)
    return folder


def has_room(memory: Path, room: int) -> bool:
    """Tell whether files can be made and programs run there, and that much of them."""
    return (
        memory.is_dir()
        and os.access(memory, os.W_OK | os.X_OK)
        and not os.statvfs(memory).f_flag & os.ST_NOEXEC
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

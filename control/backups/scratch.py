"""Directories for the time of one command; what a killed command left goes with the next one."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from control.stack.process import start_mark, wait_for

_END_SECONDS = 60


@contextmanager
def scratch_directory(prefix: str, folder: Path | None) -> Iterator[Path]:
    """Make a directory that only we can enter, and delete it at the end.

    It is locked as long as its command lives: one that is not was left by a command that was
    killed, and is deleted here. It may hold gigabytes, decrypted, and a server that still runs.
    """
    folder = Path(folder or gettempdir()).absolute()
    for left in folder.glob(f"{prefix}*"):
        # Somebody else's, in use, or already gone.
        with suppress(OSError):
            _delete_abandoned(left)
    home, lock = _locked(prefix, folder)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
        os.close(lock)


def end_server_of(data: Path) -> None:
    """End the server of a data directory whose command was killed, before its files are deleted.

    It would go on for a while, and write into files that another command puts in their place.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, IndexError):
        return
    if os.fsencode(data) in command:
        os.kill(pid, signal.SIGQUIT)
        wait_for(lambda: start_mark(pid) is None, _END_SECONDS)


def _delete_abandoned(left: Path) -> None:
    lock = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_uid == os.geteuid():
            end_server_of(left / "data")
            shutil.rmtree(left)
    finally:
        os.close(lock)


def _locked(prefix: str, folder: Path) -> tuple[Path, int]:
    """Make and lock a directory; another command may take it for abandoned in between."""
    while True:
        home = Path(mkdtemp(prefix=prefix, dir=folder))
        lock = os.open(home, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if home.exists():
            return home, lock
        os.close(lock)

"""Change the local stack: only ours, one command at a time, and named causes where that fails."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from control.causes import DISK_FULL
from control.errors import ControlError
from control.settings import DamagedState, Settings
from control.stack.state import State

Echo = Callable[[str], None]


def require_local(settings: Settings) -> None:
    if not settings.is_local:
        raise ControlError(
            f"environment {settings.environment} is not a local stack",
            "leave out --env for the local stack",
        )


def require_stack(settings: Settings) -> None:
    """Fail where the servers are others than those of `control up`."""
    require_local(settings)
    # A damaged state is for `control up` to mend.
    with suppress(DamagedState):
        if State.load(settings).is_of_cluster:
            raise ControlError(
                f"{settings.data_dir} is of a cluster, which has servers of its own",
                "use control cluster, without ASPEN_DATA_DIR; its logs are in logs/ there",
            )


def make_data_directory(settings: Settings) -> None:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        settings.data_dir.chmod(0o700)
    except OSError as error:
        raise ControlError(
            f"{settings.data_dir} cannot be prepared: {error}",
            "run control as the user who ran it first, or set ASPEN_DATA_DIR",
        ) from error


@contextmanager
def naming_a_full_disk(settings: Settings) -> Iterator[None]:
    """Name the full disk; no stored data is lost."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ControlError(f"the disk of {settings.data_dir} is full", DISK_FULL.here) from error


def is_being_changed(settings: Settings) -> bool:
    """Return whether an `up`, `down` or `restart` is running."""
    lock = os.open(settings.data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


@contextmanager
def one_at_a_time(settings: Settings, echo: Echo) -> Iterator[None]:
    """Run one `up`, `down` or `restart` per data directory; the second waits."""
    lock = os.open(settings.data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            echo("another control up, down or restart is running; waiting for it to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)

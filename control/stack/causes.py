"""Explain from its log why a server of the local stack did not start or stopped."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from control.causes import DISK_FULL, cause_in_log


@dataclass(frozen=True)
class LoggedCause:
    """The cause a log names, the remedy, and the line that tells."""

    what: str
    remedy: str
    line: str


def find_cause(lines: Sequence[str], directory: Path) -> LoggedCause | None:
    """Return the cause a log names; for a full disk with the space left for `directory`."""
    found = cause_in_log(lines)
    if found is None:
        return None
    cause, line = found
    what = cause.what
    if cause is DISK_FULL:
        free = shutil.disk_usage(directory).free
        what = f"{what} ({free >> 20} MB are free for {directory})"
    return LoggedCause(what, cause.here, line)

"""Reject a file: name it, the position in it, and the reason."""

from __future__ import annotations

import re

from control.errors import ControlError

# Characters the database rejects in any text: they break a line or reorder text.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")
REMEDY = "nothing was stored; correct the file, submit it again and register it again"


class Malformed(ControlError):
    """A file that cannot be registered as it is."""

    def __init__(self, file: str, position: str | int | None, reason: str) -> None:
        where = f"{file}, line {position}" if isinstance(position, int) else file
        if isinstance(position, str):
            where = f"{file}, {position}"
        super().__init__(f"{where}: {reason}", REMEDY)


class TryAgain(ControlError):
    """A failure that says nothing about the files of a job: the job stays as it is."""


def unprintable(text: str) -> str | None:
    """Return why the database would reject a text, or None; names text and character."""
    found = UNPRINTABLE.search(text)
    if found is None:
        return None
    return f"{text[:100]!r}, which holds the control character U+{ord(found[0]):04X}"

"""The one way to refuse a file: which file, where in it, and why."""

from __future__ import annotations

import re

from control.errors import ControlError

# What no text in the database holds: it breaks a line or turns the direction of what follows.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")
REMEDY = "nothing was stored; correct the file, hand it in again and register it again"


class Malformed(ControlError):
    """A file that cannot be registered as it is."""

    def __init__(self, file: str, position: str | int | None, reason: str) -> None:
        where = f"{file}, line {position}" if isinstance(position, int) else file
        if isinstance(position, str):
            where = f"{file}, {position}"
        super().__init__(f"{where}: {reason}", REMEDY)


def unprintable(text: str) -> str | None:
    """What is wrong with a text that the database would refuse, naming text and character."""
    found = UNPRINTABLE.search(text)
    if found is None:
        return None
    return f"{text[:100]!r}, which holds the control character U+{ord(found[0]):04X}"

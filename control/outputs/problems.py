"""The one way to refuse a file: which file, where in it, and why."""

from __future__ import annotations

from control.errors import ControlError

REMEDY = "nothing was stored; correct the file, hand it in again and register it again"


class Malformed(ControlError):
    """A file that cannot be registered as it is."""

    def __init__(self, file: str, place: str | int | None, reason: str) -> None:
        where = f"{file}, line {place}" if isinstance(place, int) else file
        if isinstance(place, str):
            where = f"{file}, {place}"
        super().__init__(f"{where}: {reason}", REMEDY)


def listed(values: list[str], limit: int = 10) -> str:
    """Some values for a message: the first few, and how many more there are."""
    shown = ", ".join(values[:limit])
    return shown if len(values) <= limit else f"{shown} and {len(values) - limit} more"

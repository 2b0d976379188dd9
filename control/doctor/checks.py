"""List every check, in the order in which people would look."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from control.doctor import api, backups, clocks, objects, schema, server, versions, work
from control.doctor.verdicts import Check
from control.errors import ControlError

ALL = (
    *versions.CHECKS,
    *schema.CHECKS,
    *api.CHECKS,
    *objects.CHECKS,
    *clocks.CHECKS,
    *work.CHECKS,
    *server.CHECKS,
    *backups.CHECKS,
    schema.DRIFT,
)


def chosen(only: Collection[str]) -> list[Check]:
    """Return these checks, or all."""
    names = [check.name for check in ALL]
    for name in only:
        if name not in names:
            near = get_close_matches(name, names, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise ControlError(
                f"there is no check {name}", f"{meant}control doctor --list names the checks"
            )
    return [check for check in ALL if not only or check.name in only]

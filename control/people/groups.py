"""Find a group by id, name or prefix."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from control.errors import ControlError


@dataclass(frozen=True)
class Group:
    """A group, as commands need it."""

    id: int
    name: str
    prefix: str


def find_group(conn: psycopg.Connection, text: str) -> Group:
    """Return the group with this id, name or prefix; an id wins over a name that is a number."""
    with conn.cursor(row_factory=class_row(Group)) as cursor:
        found = cursor.execute(
            "select groups.id, groups.name, groups.prefix from aspen.groups as groups"
            # Group 0 is the platform, which is no group of people.
            " where groups.id <> 0"
            " and %(text)s in (groups.id::text, groups.name, groups.prefix)"
            " order by groups.id::text = %(text)s desc, groups.id",
            {"text": text},
        ).fetchall()
    if not found:
        raise ControlError(f"there is no group {text!r}", "give the id, name or prefix of a group")
    if len(found) > 1 and str(found[0].id) != text:
        ids = ", ".join(str(group.id) for group in found)
        raise ControlError(f"{text!r} names several groups: {ids}", "give the id of one of them")
    return found[0]

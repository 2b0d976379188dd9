"""Find a group by id, name or prefix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from control.errors import ControlError
from control.queries import query


@dataclass(frozen=True)
class Group:
    """A group, as commands need it."""

    id: int
    name: str
    prefix: str


def choose_group(groups: Iterable[tuple[int, str, str]], text: str) -> int:
    """Return the group whose id, name or prefix this is; an id wins over a name that is a number.

    `groups` are id, name and prefix of each.
    """
    found = [group_id for group_id, *names in groups if text in (str(group_id), *names)]
    if not found:
        raise ControlError(f"there is no group {text!r}", "give the id, name or prefix of a group")
    if len(found) > 1 and text not in map(str, found):
        ids = ", ".join(map(str, found))
        raise ControlError(f"{text!r} names several groups: {ids}", "give the id of one of them")
    return next((group_id for group_id in found if str(group_id) == text), found[0])


def find_group(conn: psycopg.Connection, text: str) -> Group:
    """Return the group with this id, name or prefix; an id wins over a name that is a number."""
    row = conn.execute(query("people/find_groups"), {"texts": [text]}).fetchone()
    with conn.cursor(row_factory=class_row(Group)) as cursor:
        found = cursor.execute(
            "select groups.id, groups.name, groups.prefix from aspen.groups as groups"
            " where groups.id = any(%s) order by groups.id",
            [row[1] if row else []],
        ).fetchall()
    chosen = choose_group([(group.id, group.name, group.prefix) for group in found], text)
    return next(group for group in found if group.id == chosen)


def find_group_by_id(conn: psycopg.Connection, group_id: int) -> Group:
    """Return the group with this id, whatever the names of others are."""
    group = find_group(conn, str(group_id))
    if group.id != group_id:
        raise ControlError(f"there is no group {group_id}", "give the id of a group")
    return group

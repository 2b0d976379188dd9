"""The cast of the tests: the same people, by name, below the API and over HTTP.

A test is about the rows of one group, the lab. Everybody is what PEOPLE says to that group; the
initials help: Ada is its admin, Vic a viewer, Pat a partner, Gus a guest, Olga an operator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psycopg

from tests import factories

# Each group, and the role that the lab grants to everybody in it.
GROUPS = {"lab": None, "allies": "admin", "partners": "member", "guests": "viewer", "others": None}


@dataclass(frozen=True)
class Person:
    """A role held directly in one of GROUPS, and what the user's own row says."""

    group: str | None = None
    role: str = "viewer"
    is_operator: bool = False
    disabled_at: str | None = None

    @property
    def database_role(self) -> str:
        """Return the role that the person's token claims."""
        return "operator" if self.is_operator else "member"


PEOPLE = {
    "ada": Person("lab", "admin"),
    "alice": Person("lab", "member"),
    "vic": Person("lab", "viewer"),
    # A grant gives its role to whoever holds any role in the other group.
    "gwen": Person("allies", "viewer"),
    "pat": Person("partners", "viewer"),
    "gus": Person("guests", "viewer"),
    # The strongest role there is, in a group that the lab granted nothing.
    "bob": Person("others", "admin"),
    "olga": Person(is_operator=True),
    "otto": Person("lab", "member", is_operator=True),
    "dina": Person("lab", "admin", disabled_at="2024-01-01"),
}
# The caller without a token.
NOBODY = "nobody"

# Who sees all rows of the lab, all but private ones and sequences, and none.
FULL = ("ada", "alice", "pat")
PARTIAL = ("vic", "gus")
BLIND = ("bob", "olga")
# Who may not create rows of the lab: that takes a direct role of member or admin.
NO_CREATOR = (*PARTIAL, "pat", *BLIND)


def store_groups(conn: psycopg.Connection, suffix: str = "") -> dict[str, int]:
    """Store GROUPS and the lab's grants to them; the suffix keeps several casts apart."""
    groups = {
        key: factories.group(conn, f"{key}{suffix}", prefix=f"{key[:3].upper()}{suffix}")
        for key in GROUPS
    }
    for key, role in GROUPS.items():
        if role is not None:
            factories.grant(conn, groups["lab"], groups[key], role)
    return groups


def store_people(
    conn: psycopg.Connection,
    groups: Mapping[str, int],
    names: Iterable[str] = PEOPLE,
    suffix: str = "",
) -> dict[str, int]:
    """Store some of PEOPLE, whose groups are stored, and return their ids by name."""
    return {name: _store(conn, groups, name, suffix) for name in names}


def _store(conn: psycopg.Connection, groups: Mapping[str, int], name: str, suffix: str) -> int:
    person = PEOPLE[name]
    return factories.user(
        conn,
        f"{name}{suffix}",
        {} if person.group is None else {groups[person.group]: person.role},
        is_operator=person.is_operator,
        disabled_at=person.disabled_at,
    )

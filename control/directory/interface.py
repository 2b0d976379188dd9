"""What a directory must answer and do, whichever provider runs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

# From the strongest to the weakest, as in aspen.memberships.
ROLES = ("admin", "member", "viewer")


@dataclass(frozen=True)
class Organization:
    """A group of people in the directory; `prefix` is there if it wants to be a group of ours."""

    id: str
    name: str
    prefix: str | None = None


@dataclass(frozen=True)
class Member:
    """A person in an organisation, with the names of the roles held in it."""

    person_id: str
    roles: frozenset[str]

    @property
    def role(self) -> str | None:
        """Return the strongest role that we know; None if there is none."""
        return next((role for role in ROLES if role in self.roles), None)


@dataclass(frozen=True)
class Person:
    """A person of the directory. The id is the `sub` of the person's tokens."""

    id: str
    name: str
    email: str | None
    is_verified: bool
    is_blocked: bool


class Directory(Protocol):
    """A directory. Each change has the same effect when it is made again."""

    def issues(self, subject: str) -> bool:
        """Return whether a `sub` has the form of this directory's ids."""

    def organizations(self) -> Iterator[Organization]:
        """Yield all organisations."""

    def members(self, organization_id: str) -> Iterator[Member]:
        """Yield the members of an organisation."""

    def people(self, ids: Iterable[str]) -> Iterator[Person]:
        """Yield those of these people whom the directory knows."""

    def add(self, organization_id: str, ids: Iterable[str]) -> None:
        """Make people members of an organisation."""

    def remove(self, organization_id: str, ids: Iterable[str]) -> None:
        """End memberships in an organisation."""

    def set_role(self, organization_id: str, person_id: str, role: str) -> None:
        """Give a member this role, and take those of our other roles that the member has."""

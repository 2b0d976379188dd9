"""Two groups that know nothing of each other, and the people in them."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import pytest

from tests import factories


@dataclass(frozen=True)
class Lab:
    """A group with prefix LAB: Alice is a member, Vic a viewer. Bob is a member of the other."""

    group: int
    other_group: int
    pathogen: int
    location: int
    alice: int
    vic: int
    bob: int


@pytest.fixture
def lab(admin: psycopg.Connection) -> Lab:
    """Groups, people and the reference data that samples need."""
    group = factories.group(admin, "Lab", prefix="LAB")
    other_group = factories.group(admin, "Other lab", prefix="OTH")
    return Lab(
        group,
        other_group,
        factories.pathogen(admin),
        factories.location(admin),
        factories.user(admin, "alice", {group: "member"}),
        factories.user(admin, "vic", {group: "viewer"}),
        factories.user(admin, "bob", {other_group: "member"}),
    )

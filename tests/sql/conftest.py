"""Two groups that know nothing of each other, and the people in them."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import pytest

from tests import factories


@dataclass(frozen=True)
class Lab:
    """Hold a group with prefix LAB and another one.

    Alice and vic are in the first, bob in the other.
    """

    group: int
    other_group: int
    pathogen: int
    location: int
    alice: int
    vic: int
    bob: int


@pytest.fixture
def lab(admin: psycopg.Connection) -> Lab:
    """Store the groups, their people and the reference data that samples need."""
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

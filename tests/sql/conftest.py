"""Two groups that know nothing of each other, and the people in them."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import pytest

from tests import factories
from tests.people import store_people


@dataclass(frozen=True)
class Lab:
    """The lab, with prefix LAB, to which Alice and Vic belong, and Bob's group."""

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
    people = store_people(admin, {"lab": group, "others": other_group}, ("alice", "vic", "bob"))
    return Lab(group, other_group, factories.pathogen(admin), factories.location(admin), **people)

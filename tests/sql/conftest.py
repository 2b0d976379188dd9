"""Two groups that know nothing of each other, and the people in them."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import pytest

from tests import factories
from tests.kept_session import KeptSession
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
def lab(
    request: pytest.FixtureRequest,
    admin: psycopg.Connection,
    kept_sessions: dict[str, KeptSession],
) -> Lab:
    """Store the groups, their people and the reference data that samples need."""
    return kept_sessions["control"].store(request, lambda: store_lab(admin))


def store_lab(conn: psycopg.Connection) -> Lab:
    """Store what the fixture returns."""
    group = factories.group(conn, "Lab", prefix="LAB")
    other_group = factories.group(conn, "Other lab", prefix="OTH")
    people = store_people(conn, {"lab": group, "others": other_group}, ("alice", "vic", "bob"))
    return Lab(group, other_group, factories.pathogen(conn), factories.location(conn), **people)

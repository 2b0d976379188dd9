"""A kept session undoes what each test did, and keeps what the fixture of a module stored."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from tests import factories
from tests.kept_session import KeptSession
from tests.servers import Database

# All that is asked of the request of a fixture.
LAB: Any = SimpleNamespace(fixturename="lab")


@pytest.fixture
def session(shared_database: Database) -> Iterator[KeptSession]:
    """Keep a session of the test's own."""
    session = KeptSession(shared_database.url)
    yield session
    session.close()


def names_of_groups(conn: psycopg.Connection) -> list[str]:
    """Return the names of all groups but the platform."""
    rows = conn.execute("select name from aspen.groups where id <> 0").fetchall()
    return [name for (name,) in rows]


def store_lab(session: KeptSession) -> int:
    """Store a group as the fixture `lab` does."""
    conn = session.begin()
    return session.store(LAB, lambda: factories.group(conn, "Lab"))


def test_what_a_test_wrote_is_gone_in_the_next(session: KeptSession) -> None:
    """Roll back, and stay connected."""
    conn = session.begin()
    factories.group(conn, "Mine")
    session.end()

    assert session.begin() is conn
    assert names_of_groups(conn) == []


def test_what_a_fixture_stored_stays_as_it_was(session: KeptSession) -> None:
    """Undo what a test did to it, and store it once."""
    stored = store_lab(session)
    session.begin().execute("update aspen.groups set name = 'Other' where id = %s", [stored])
    session.end()

    session.leave({"admin", "lab"})

    assert store_lab(session) == stored
    assert names_of_groups(session.begin()) == ["Lab"]


def test_test_that_begins_without_it_does_not_find_it(session: KeptSession) -> None:
    """Store it again for the next that begins with it."""
    stored = store_lab(session)
    session.end()

    session.leave({"admin"})

    assert names_of_groups(session.begin()) == []
    assert store_lab(session) != stored


def test_it_is_stored_again_after_a_test_ended_the_transaction(session: KeptSession) -> None:
    """Do so after an end of the session as well."""
    stored = {store_lab(session)}
    session.begin().rollback()
    session.end()
    stored.add(store_lab(session))
    session.begin().close()
    session.end()
    stored.add(store_lab(session))

    assert len(stored) == 3
    assert names_of_groups(session.begin()) == ["Lab"]


def test_what_other_fixtures_wrote_before_is_not_kept(session: KeptSession) -> None:
    """Keep nothing where the transaction holds more than the fixture stored."""
    factories.group(session.begin(), "Of another fixture")
    store_lab(session)
    session.end()

    assert names_of_groups(session.begin()) == []

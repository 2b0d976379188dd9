"""Sessions of the shared database that stay for a module; each test is rolled back.

A new session reads the whole catalogue again, a tenth of a second; and the people and groups that
all tests of a module begin with are stored once for all of them. One session for the whole run
would be too much: it would go on with plans that it made for the rows of other modules.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar, cast

import psycopg
import pytest
from psycopg.pq import TransactionStatus

T = TypeVar("T")


# Those of the module.
_open: list[KeptSession] = []


def leave_others(fixtures: Collection[str]) -> None:
    """Undo the rows that a test with these fixtures does not begin with: they may be in its way."""
    for session in _open:
        session.leave(fixtures)


class KeptSession:
    """One session, and the rows that the tests of a module begin with."""

    def __init__(self, url: str) -> None:
        _open.append(self)
        self._url = url
        self._conn: psycopg.Connection | None = None
        # The fixture that stored them, and what it returned.
        self._stored: tuple[str, object] | None = None

    def begin(self) -> psycopg.Connection:
        """Return the session, which a test may have closed."""
        if self._conn is None or self._conn.closed:
            self._conn, self._stored = psycopg.connect(self._url), None
        return self._conn

    def leave(self, fixtures: Collection[str]) -> None:
        """Undo rows from an earlier test, unless one of these fixtures stored them."""
        if self._stored and self._stored[0] not in fixtures:
            self._forget()

    def end(self) -> None:
        """Undo what a test did."""
        if self._conn is None or self._conn.closed:
            return
        try:
            if self._stored:
                self._conn.execute("rollback to savepoint stored")
            else:
                self._conn.rollback()
        except psycopg.Error:
            # The test ended the transaction, or the session.
            self._forget()

    def store(self, request: pytest.FixtureRequest, make: Callable[[], T]) -> T:
        """Return what `make` stored in an earlier test, or store it now.

        To be called by the fixture that returns it.
        """
        assert self._conn is not None and request.fixturename is not None
        name = request.fixturename
        if self._stored and self._stored[0] == name:
            return cast(T, self._stored[1])
        is_first = self._conn.info.transaction_status == TransactionStatus.IDLE
        made = make()
        # What other fixtures wrote before belongs to this test alone.
        if is_first:
            self._conn.execute("savepoint stored")
            self._stored = name, made
        return made

    def close(self) -> None:
        """End the session."""
        _open.remove(self)
        if self._conn is not None:
            self._conn.close()

    def _forget(self) -> None:
        self._stored = None
        if self._conn is not None and not self._conn.closed:
            self._conn.rollback()

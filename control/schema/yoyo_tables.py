"""Use yoyo's bookkeeping of applied migrations, and nothing else of it."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
from yoyo import internalmigrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI

_TABLE = "_yoyo_migration"


class YoyoTables(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo publishes no types
    """Keep yoyo's books on a connection that is already there."""

    _internal_schema_updated: bool

    def __init__(self, conn: psycopg.Connection) -> None:
        self._given = conn
        super().__init__(DatabaseURI("", None, None, None, None, conn.info.dbname, {}), _TABLE)

    def connect(self, dburi: DatabaseURI) -> psycopg.Connection:
        return self._given

    @contextmanager
    def transaction(self, rollback_on_exit: bool = False) -> Iterator[None]:
        # yoyo's own begins one, and so could not be part of ours.
        with self._given.transaction(force_rollback=rollback_on_exit):
            yield

    def ensure_internal_schema_updated(self) -> None:
        # yoyo's own commits on the connection itself.
        if not self._internal_schema_updated and internalmigrations.needs_upgrading(self):
            internalmigrations.upgrade(self)
        self._internal_schema_updated = True

    @contextmanager
    def lock(self, timeout: float = 10) -> Iterator[None]:
        # Ours serialises already and ends with the session; a row in yoyo's outlives a crash.
        yield

    def get_log_data(self, migration: Any = None, operation: str = "apply") -> dict[str, object]:
        # yoyo's own asks for the fully qualified host name, which can wait for a dead resolver,
        # and for a user name, which a container may lack.
        return {
            "id": str(uuid4()),
            "migration_id": migration.id if migration else None,
            "migration_hash": migration.hash if migration else None,
            "username": _user_name(),
            "hostname": socket.gethostname(),
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
        }


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"

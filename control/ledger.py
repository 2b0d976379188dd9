"""What yoyo knows of a database's migrations, kept in the transaction of the change itself."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI
from yoyo.exceptions import BadMigration, MigrationConflict
from yoyo.migrations import Migration, topological_sort

from control.errors import ControlError
from control.frozen import migration_files
from control.sql_code import sha256_of
from control.text_files import read_text

_TABLE = "_yoyo_migration"


class Ledger:
    """The applied migrations of one database, in yoyo's own tables plus the hash of each file.

    The caller's connection is used throughout, so that a migration and its mark stand or fall
    together: yoyo itself marks on another connection, and a crash between the two loses the mark.
    """

    def __init__(self, conn: psycopg.Connection) -> None:
        self._conn = conn
        self._yoyo = _Yoyo(conn)

    def mark(self, migration: Migration) -> None:
        """Record that `migration` is applied with its present content."""
        with self._conn.transaction(), _searching_bookkeeping(self._conn):
            self._yoyo.mark_one(migration, log=False)
            self._yoyo.log_migration(migration, "apply")
            self._conn.execute(
                "insert into applied_migrations (migration_id, sha256) values (%s, %s)",
                [migration.id, sha256_of(Path(migration.path))],
            )

    def unmark(self, migration: Migration) -> None:
        """Record that `migration` is rolled back."""
        with self._conn.transaction(), _searching_bookkeeping(self._conn):
            self._yoyo.unmark_one(migration, log=False)
            self._yoyo.log_migration(migration, "rollback")
            self._conn.execute(
                "delete from applied_migrations where migration_id = %s", [migration.id]
            )

    def prepare(self) -> None:
        """Create or upgrade yoyo's tables."""
        with _searching_bookkeeping(self._conn):
            self._yoyo.ensure_internal_schema_updated()


def applied_migrations(conn: psycopg.Connection) -> dict[str, str]:
    """Ids of the applied migrations, oldest first, with the hash of what was applied."""
    exists = conn.execute("select to_regclass('control._yoyo_migration') is not null").fetchone()
    if exists != (True,):
        return {}
    return dict(
        conn.execute(
            "select yoyo.migration_id, coalesce(files.sha256, '')"
            " from control._yoyo_migration as yoyo"
            " left join control.applied_migrations as files using (migration_id)"
            " order by yoyo.applied_at_utc, yoyo.migration_id"
        ).fetchall()
    )


def migrations_of(root: Path) -> list[Migration]:
    """All migrations of a checkout, each after what it depends on."""
    # yoyo reads the files too, and has no words for one that is no text.
    for name, path in migration_files(root).items():
        read_text(path, f"migrations/{name}.sql")
    try:
        return list(topological_sort(read_migrations(escape(str(root / "migrations")))))
    except (BadMigration, MigrationConflict) as error:
        raise ControlError(
            f"the migrations contradict each other: {type(error).__name__} {error}",
            "correct the `-- depends:` lines in their heads",
        ) from error


class _Yoyo(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo publishes no types
    """yoyo's bookkeeping on a connection that is already there."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self._given = conn
        super().__init__(DatabaseURI("", None, None, None, None, conn.info.dbname, {}), _TABLE)

    def connect(self, dburi: DatabaseURI) -> psycopg.Connection:
        return self._given

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


@contextmanager
def _searching_bookkeeping(conn: psycopg.Connection) -> Iterator[None]:
    """yoyo names its tables without a schema."""
    conn.execute("set search_path = control")
    yield
    conn.execute("set search_path = ''")

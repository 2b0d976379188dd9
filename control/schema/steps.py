"""Read a migration of either kind, SQL or Python, so that both are run under the same rules."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus

from control.errors import ControlError
from control.schema.blindness import refuse_blindness, refuse_unchanged
from control.schema.ledger import Migration
from control.schema.script import Script, raise_interrupted, read_script
from control.text_files import read_text

# What a Python migration is called with: run one statement, as psycopg's connection would.
Execute = Callable[..., psycopg.Cursor[Any]]


@dataclass(frozen=True)
class PythonStep:
    """Hold a Python migration: `migrate(execute)` returns how many rows it wrote, or None.

    It runs as role control, who sees every row, in the transaction of all the others. Its
    statements go through `execute`, so that none of them ends that transaction.
    """

    name: str
    path: Path
    migrate: Callable[[Execute], int | None]

    def run(self, conn: psycopg.Connection) -> None:
        """Run it, and refuse one that wrote no row of tables that have some."""
        local = "local " if conn.info.transaction_status is TransactionStatus.INTRANS else ""
        conn.execute(f"set {local}role none".encode())
        with self._naming(conn):
            rows = self.migrate(partial(self._execute, conn))
        if rows == 0:
            refuse_unchanged(conn, self.name, read_text(self.path, self.name))
        conn.execute(f"set {local}role aspen_owner".encode())

    def _execute(
        self,
        conn: psycopg.Connection,
        query: str,
        values: Sequence[object] | Mapping[str, object] | None = None,
    ) -> psycopg.Cursor[Any]:
        Script(self.name, query).refuse_forbidden()
        return conn.execute(query.encode(), values)

    @contextmanager
    def _naming(self, conn: psycopg.Connection) -> Iterator[None]:
        try:
            yield
        except (errors.LockNotAvailable, errors.DeadlockDetected, ControlError):
            raise
        except Exception as error:
            if isinstance(error, psycopg.Error) and (error.sqlstate or conn.broken):
                raise_interrupted(conn, error, self.name)
            lines = [
                frame.lineno
                for frame in traceback.extract_tb(error.__traceback__)
                if frame.filename == str(self.path)
            ]
            where = f", line {lines[-1]}" if lines else ""
            diag = error.diag.message_primary if isinstance(error, psycopg.Error) else None
            said = diag or " ".join(str(error).split())
            raise ControlError(
                f"{self.name}{where}: {type(error).__name__}: {said}",
                f"correct {self.name} and run the command again",
            ) from error


def read_migration(migration: Migration) -> Script | PythonStep:
    """Read a migration, and refuse what it may not say."""
    if migration.path.suffix == ".sql":
        return read_script(migration.path, migration.name)
    text = read_text(migration.path, migration.name)
    names: dict[str, Any] = {"__name__": migration.id, "__file__": str(migration.path)}
    try:
        exec(compile(text, str(migration.path), "exec"), names)
        return PythonStep(migration.name, migration.path, names["migrate"])
    except Exception as error:
        raise ControlError(
            f"{migration.name} cannot be read: {type(error).__name__}: {error}",
            "it is a module with a function migrate(execute), as docs/dba.md shows",
        ) from error


def run_step(conn: psycopg.Connection, step: Script | PythonStep) -> None:
    """Run a migration on its rows, and refuse one that sees none of them."""
    if isinstance(step, PythonStep):
        step.run(conn)
        return
    for statement in step.statements:
        if step.run_one(conn, statement) == 0:
            refuse_blindness(conn, step, statement)

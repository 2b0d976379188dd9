"""Apply migrations: their statements and their mark in the ledger."""

from __future__ import annotations

import re

import psycopg
from psycopg.pq import TransactionStatus

from control.errors import ControlError
from control.schema.code import drop_code
from control.schema.ledger import Ledger, Migration
from control.schema.locks import Echo
from control.schema.safety_rules import check_opened, find_breaches
from control.schema.script import Interrupted, refuse_changed_session
from control.schema.steps import read_migration, run_step
from control.terminal import working_on
from control.text_files import read_text

_BUILT = re.compile(
    r"\bindex\s+concurrently\s+(?:if\s+not\s+exists\s+)?(?P<name>[\w.\"]+)", re.IGNORECASE
)
_KEPT = "this migration runs outside a transaction: what it did before that is kept"


def apply_each(conn: psycopg.Connection, migrations: list[Migration], echo: Echo) -> None:
    """Apply migrations, each with its mark; the caller holds the transaction."""
    for number, migration in enumerate(migrations, start=1):
        if Ledger(conn).mark_in_place_of_replaced(migration):
            many = len(migration.replaces)
            echo(f"recorded {migration.id} in place of the {many} it replaces; nothing was run")
            continue
        echo(f"applying {migration.id}")
        working_on(f"applying {migration.id} ({number} of {len(migrations)})")
        _apply(conn, migration)


def apply_before(conn: psycopg.Connection, migrations: list[Migration], echo: Echo) -> None:
    """Apply migrations that one outside a transaction follows: they are kept whatever it does."""
    before = find_breaches(conn)
    apply_each(conn, migrations, echo)
    check_opened(conn, before, "correct the migration and run the command again")


def _apply(conn: psycopg.Connection, migration: Migration) -> None:
    step = read_migration(migration)
    if migration.is_without_code:
        drop_code(conn)
    # The code that comes later was tried, and waits for nobody.
    conn.execute(f"set statement_timeout = '{migration.statement_timeout}'".encode())
    try:
        run_step(conn, step)
    finally:
        # What failed in a transaction has set it back already.
        if conn.info.transaction_status is not TransactionStatus.INERROR and not conn.broken:
            conn.execute("reset statement_timeout")
    refuse_changed_session(conn, step.name)
    Ledger(conn).mark(migration)


def apply_alone(conn: psycopg.Connection, migration: Migration, echo: Echo) -> None:
    """Apply a migration that cannot run inside a transaction."""
    echo(f"applying {migration.id}")
    text = read_text(migration.path, migration.name)
    built = {found["name"].rpartition(".")[2] for found in _BUILT.finditer(text)}
    for index in sorted(_invalid_indexes(conn)):
        if index.rpartition(".")[2] in built:
            conn.execute(f"drop index concurrently {index}".encode())
            echo(f"dropped {index}, which a run that was killed left unfinished")
    invalid_before = _invalid_indexes(conn)
    try:
        _apply(conn, migration)
    except Interrupted as error:
        raise Interrupted(f"{error.message}\n{_KEPT}") from error
    except ControlError as error:
        # `if not exists` would take one of these for the index that is wanted.
        for index in _invalid_indexes(conn) - invalid_before:
            conn.execute(f"drop index concurrently if exists {index}".encode())
            echo(f"dropped {index}, which could not be built")
        raise ControlError(f"{error.message}\n{_KEPT}", error.remedy) from error


def _invalid_indexes(conn: psycopg.Connection) -> set[str]:
    rows = conn.execute(
        "select indexes.indexrelid::regclass::text from pg_catalog.pg_index as indexes"
        " where not indexes.indisvalid"
    ).fetchall()
    return {str(name) for (name,) in rows}

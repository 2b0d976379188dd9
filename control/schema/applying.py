"""Apply migrations: their statements and their mark in the ledger."""

from __future__ import annotations

import psycopg

from control.errors import ControlError
from control.schema.code import drop_code
from control.schema.ledger import Ledger, Migration
from control.schema.locks import Echo
from control.schema.safety_rules import check_opened, find_breaches
from control.schema.script import Interrupted, read_script, refuse_changed_session

_KEPT = "this migration runs outside a transaction: what it did before that is kept"


def apply_each(conn: psycopg.Connection, migrations: list[Migration], echo: Echo) -> None:
    """Apply migrations, each with its mark; the caller holds the transaction."""
    for migration in migrations:
        if Ledger(conn).mark_in_place_of_replaced(migration):
            many = len(migration.replaces)
            echo(f"recorded {migration.id} in place of the {many} it replaces; nothing was run")
            continue
        echo(f"applying {migration.id}")
        _apply(conn, migration)


def apply_before(conn: psycopg.Connection, migrations: list[Migration], echo: Echo) -> None:
    """Apply migrations that one outside a transaction follows: they are kept whatever it does."""
    before = find_breaches(conn)
    apply_each(conn, migrations, echo)
    check_opened(conn, before, "correct the migration and run the command again")


def _apply(conn: psycopg.Connection, migration: Migration) -> None:
    script = read_script(migration.path, f"migrations/{migration.id}.sql")
    if migration.is_without_code:
        drop_code(conn)
    script.run(conn)
    refuse_changed_session(conn, script.name)
    Ledger(conn).mark(migration)


def apply_alone(conn: psycopg.Connection, migration: Migration, echo: Echo) -> None:
    """Apply a migration that cannot run inside a transaction."""
    echo(f"applying {migration.id}")
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

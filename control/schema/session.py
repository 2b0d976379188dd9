"""Be the one session that may change a database, as the owner of everything in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from control.errors import ControlError
from control.schema.locks import Echo, one_migrate_at_a_time
from control.schema.script import Interrupted

_AFTER_INTERRUPTION = (
    "control status tells whether the database runs; then run the command again: what was not"
    " finished was taken back"
)
# The SQLSTATE of `raise warning`; those that PostgreSQL gives have others.
RAISED_WARNING = "01000"


@contextmanager
def migrating(conn: psycopg.Connection, echo: Echo) -> Iterator[None]:
    """Be the one session that may change this database, as the owner of everything in it."""

    def pass_on(notice: psycopg.errors.Diagnostic) -> None:
        _pass_on(notice, echo)

    try:
        with one_migrate_at_a_time(conn, echo):
            become_owner(conn)
            conn.add_notice_handler(pass_on)
            try:
                yield
            finally:
                conn.remove_notice_handler(pass_on)
    except Interrupted as error:
        raise ControlError(error.message, _AFTER_INTERRUPTION) from error
    except psycopg.OperationalError as error:
        if not conn.broken:
            raise
        raise ControlError(
            f"the connection to the database broke: {' '.join(str(error).split())}",
            _AFTER_INTERRUPTION,
        ) from error


def _pass_on(notice: psycopg.errors.Diagnostic, echo: Echo) -> None:
    """Say what a migration raises as a warning of its own, about rows it changed say."""
    if notice.sqlstate == RAISED_WARNING:
        echo(notice.message_primary or "")


def become_owner(conn: psycopg.Connection) -> None:
    """Act as the owner for the rest of the session, and be told of warnings only."""
    conn.execute("set role aspen_owner")
    # So that a name without its schema fails instead of meaning something else elsewhere.
    conn.execute("set search_path = ''")
    conn.execute("set client_min_messages = warning")

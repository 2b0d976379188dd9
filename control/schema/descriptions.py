"""Keep what the API answers about itself, made once after a load instead of at each request."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql

from control.queries import query

# Who may ask the API; each role is told what it may use.
_ROLES = ("anon", "member", "operator", "job")
# What makes the descriptions out of the catalogue.
_WRITERS = ("internal/description/", "api/functions/description/", "authz/api_version.sql")


def keep_descriptions(conn: psycopg.Connection) -> None:
    """Write the description of the API for each role, if what is kept is out of date.

    Until then the API makes it at each request: whatever stops this costs time only.
    """
    state = catalog_state(conn)
    if state is None or _kept(conn, state) == {*_ROLES}:
        return
    answers = [(role, state, *_answers(conn, role)) for role in _ROLES]
    # Otherwise somebody changed the catalogue since then, and writes it.
    if catalog_state(conn) == state:
        with conn.transaction():
            conn.execute("set local role none")
            conn.cursor().executemany(query("schema/keep_description"), answers)


def carry_over(conn: psycopg.Connection, before: str | None, paths: Iterable[str]) -> None:
    """Keep the descriptions of a state of the catalogue, where no caller sees what replaced it.

    The last statement of a transaction: the role is that of the login until its end. Files that
    write the descriptions may write others now.
    """
    if before is not None and not any(path.startswith(_WRITERS) for path in paths):
        conn.execute("set local role none")
        conn.execute(
            "update aspen.api_descriptions set catalog_state = internal.catalog_state()"
            " where catalog_state = %s",
            [before],
        )


def catalog_state(conn: psycopg.Connection) -> str | None:
    """Return the state of the catalogue; None if this checkout keeps no descriptions."""
    if conn.execute("select to_regproc('internal.catalog_state')").fetchone() == (None,):
        return None
    row = conn.execute("select internal.catalog_state()").fetchone()
    assert row is not None
    return str(row[0])


def _kept(conn: psycopg.Connection, state: str) -> set[str]:
    """Name the roles whose description is up to date."""
    with conn.transaction():
        conn.execute("set local role none")
        rows = conn.execute(
            "select role_name from aspen.api_descriptions where catalog_state = %s", [state]
        ).fetchall()
    return {name for (name,) in rows}


def _answers(conn: psycopg.Connection, role: str) -> tuple[str, ...]:
    """Return what the API answers to a role: OpenAPI, JSON Schemas and manual."""
    with conn.transaction():
        conn.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
        row = conn.execute(
            "select api.openapi()::text, api.json_schema()::text, api.manual()::text"
        ).fetchone()
    assert row is not None
    return row

"""Notice a migration that changed no row because it sees none.

Row-level security is forced on the owner too: an `update` as aspen_owner succeeds and touches
nothing, and a migration of data would be recorded as done.
"""

from __future__ import annotations

import re

import psycopg
from psycopg import sql

from control.errors import ControlError
from control.schema.located import Statement
from control.schema.script import Script

_WRITES = re.compile(r"(?:with|insert|update|delete|merge)\b", re.IGNORECASE)
_TABLE = re.compile(r"\baspen\.(?:\w+|\"[^\"]+\")")
_HIDDEN = """
select names.name
from unnest(%s::text[]) as names (name)
where to_regclass(names.name) is not null and row_security_active(names.name)
"""
_THERE = """
select names.name
from unnest(%s::text[]) as names (name)
where to_regclass(names.name) is not null
"""


def refuse_blindness(conn: psycopg.Connection, script: Script, statement: Statement) -> None:
    """Refuse a statement that wrote no row, if a table it names hides its rows from this role."""
    if not _WRITES.match(statement.text):
        return
    named = sorted(set(_TABLE.findall(statement.text)))
    hidden = [str(name) for (name,) in conn.execute(_HIDDEN, [named]).fetchall()]
    if filled := [name for name in hidden if _has_rows(conn, name)]:
        line = script.text.count("\n", 0, statement.start) + 1
        raise ControlError(
            f"{script.name}, line {line}: this touched no row, and {', '.join(filled)} has some:"
            " forced row-level security hides them from aspen_owner",
            "write `set local role none;` before it and `set local role aspen_owner;` behind it",
        )


def refuse_unchanged(conn: psycopg.Connection, name: str, text: str) -> None:
    """Refuse a migration that says that it wrote no row, if a table that it names has some."""
    tables = [
        str(one) for (one,) in conn.execute(_THERE, [sorted(set(_TABLE.findall(text)))]).fetchall()
    ]
    if filled := [table for table in tables if _has_rows(conn, table)]:
        raise ControlError(
            f"{name} wrote no row, and {', '.join(filled)} has some",
            "correct what it looks for; where it may find nothing, let it return None",
        )


def _has_rows(conn: psycopg.Connection, table: str) -> bool:
    """Ask as role control, whom no policy holds back."""
    with conn.transaction(force_rollback=True):
        conn.execute("set local role none")
        found = conn.execute(
            sql.SQL("select exists (select from {})").format(sql.SQL(table))
        ).fetchone()
    return found == (True,)

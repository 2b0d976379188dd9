"""Check what a database must keep whatever is loaded, so that no mistake opens a table.

One file of sql/rules/ for each rule; tests/catalog shows every one of them to fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from control.errors import ControlError

RULES = Path(__file__).parent.parent / "sql" / "rules"
# What sql/structure.sql gives a table, which is loaded after the migrations.
_NEEDS_CODE = ("tables_force_row_level_security", "tenant_tables_are_audited")


@dataclass(frozen=True)
class Breach:
    """Hold one object that breaks one rule: what is wrong with it and how to put it right."""

    rule: str
    object: str
    problem: str
    cure: str


def find_breaches(conn: psycopg.Connection) -> list[Breach]:
    """Ask every rule which objects break it; the schemas of ours are there already."""
    paths = sorted(RULES.glob("*.sql"))
    # All in one message, for this is asked while others may wait.
    cursor = conn.execute(b"\n;\n".join(path.read_bytes() for path in paths))
    found = set()
    for path in paths:
        found |= {Breach(path.stem, *row) for row in cursor.fetchall()}
        cursor.nextset()
    return sorted(found, key=lambda breach: (breach.object, breach.problem))


def check_safety(conn: psycopg.Connection, remedy: str) -> None:
    """Refuse a database that breaks a rule; the caller holds the transaction to be rolled back."""
    refuse_breaches(find_breaches(conn), remedy)


def check_opened(conn: psycopg.Connection, before: list[Breach], remedy: str) -> None:
    """Refuse what was opened since, while the code that goes with new tables is not loaded yet."""
    refuse_breaches(
        [
            breach
            for breach in find_breaches(conn)
            if breach.rule not in _NEEDS_CODE and breach not in before
        ],
        remedy,
    )


def refuse_breaches(found: Sequence[Breach], remedy: str) -> None:
    """Say what breaks a rule, each with its cure."""
    if found:
        listed = "\n".join(
            f"  {breach.object}: {breach.problem}\n    cure: {breach.cure}" for breach in found
        )
        raise ControlError(f"the safety rules of the database are broken:\n{listed}", remedy)

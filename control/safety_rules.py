"""What a database must keep whatever is loaded into it, so that no mistake opens a table.

One file of sql/rules/ for each rule; tests/catalog shows every one of them to fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg

from control.errors import ControlError

RULES = Path(__file__).with_name("sql") / "rules"


@dataclass(frozen=True)
class Breach:
    """One object that breaks one rule: what is wrong with it and how to put it right."""

    object: str
    problem: str
    cure: str


def find_breaches(conn: psycopg.Connection) -> list[Breach]:
    """Ask every rule which objects break it; the schemas of ours are there already."""
    found = {
        Breach(*row)
        for path in RULES.glob("*.sql")
        for row in conn.execute(path.read_bytes()).fetchall()
    }
    return sorted(found, key=lambda breach: (breach.object, breach.problem))


def check_safety(conn: psycopg.Connection, remedy: str) -> None:
    """Refuse a database that breaks a rule; the caller holds the transaction to be rolled back."""
    if found := find_breaches(conn):
        listed = "\n".join(
            f"  {breach.object}: {breach.problem}\n    cure: {breach.cure}" for breach in found
        )
        raise ControlError(f"the safety rules of the database are broken:\n{listed}", remedy)

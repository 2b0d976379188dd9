"""The demo: three groups that see the same outbreak differently."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from control.sql_code import query

PATHOGEN = "SC2"
RUN_NAME = "Demo outbreak"


@dataclass(frozen=True)
class Member:
    """A user of the demo and the group he or she is in."""

    subject: str
    name: str
    role: str
    group: str
    prefix: str


OWNER = Member("demo|bay", "Bea Bay", "admin", "Demo Bay Laboratory", "DEMO-BAY")
VIEWER = Member("demo|coast", "Carl Coast", "member", "Demo Coast Laboratory", "DEMO-COAST")
STRANGER = Member("demo|summit", "Sue Summit", "admin", "Demo Summit Laboratory", "DEMO-SUMMIT")
MEMBERS = (OWNER, VIEWER, STRANGER)


@dataclass(frozen=True)
class Demo:
    """What there is to look at."""

    samples: int
    tree_id: int


def find_demo(conn: psycopg.Connection) -> Demo | None:
    """The demo, once everything of it is loaded."""
    with conn.cursor(row_factory=class_row(Demo)) as cursor:
        return cursor.execute(
            query("find_demo"), {"prefix": OWNER.prefix, "run_name": RUN_NAME}
        ).fetchone()

"""The demo: three groups that see the same outbreak differently."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from control.demo.outbreak import outbreak, tips
from control.queries import query

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
    """The loaded demo."""

    samples: int
    tree_id: int


def find_demo(conn: psycopg.Connection) -> Demo | None:
    """Return the demo once all of it is loaded; rows that users added do not count."""
    samples = [sample for _, sample in tips(outbreak())]
    values = {
        "prefix": OWNER.prefix,
        "group": OWNER.group,
        "subject": OWNER.subject,
        "run_name": RUN_NAME,
        "private_identifiers": [sample.private_identifier for sample in samples],
        "strains": [sample.strain for sample in samples],
    }
    with conn.cursor(row_factory=class_row(Demo)) as cursor:
        return cursor.execute(query("demo/find_demo"), values).fetchone()

"""The one group of import.sql, which benchmarks of uploads fill and empty."""

from __future__ import annotations

from control.stack.state import SUPERUSER
from tests.bench.lab import HERE, Lab

GROUP, SUBJECT = 1, "bench|import"


def laboratory(lab: Lab) -> str:
    """The name of its database."""
    return lab.database("import", HERE / "import.sql")


def location_of(lab: Lab, database: str) -> int:
    """The one place all samples are from."""
    with lab.connect("control", database) as conn:
        conn.execute(
            "insert into aspen.locations (region, country) values ('Europe', 'France')"
            " on conflict do nothing"
        )
        found = conn.execute(
            "select id from aspen.locations where country = 'France' and division is null"
        ).fetchone()
    assert found is not None
    return int(found[0])


def empty(lab: Lab, database: str) -> None:
    """No samples any more, and nothing of those before left to be written."""
    with lab.connect(SUPERUSER, database) as conn:
        conn.execute("truncate aspen.samples, aspen.jobs cascade")
        conn.execute("checkpoint")

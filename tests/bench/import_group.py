"""The one group of import.sql, which benchmarks of uploads fill and empty."""

from __future__ import annotations

from control.stack.state import SUPERUSER
from tests.bench.servers import HERE, Bench

GROUP, SUBJECT = 1, "bench|import"


def import_database(bench: Bench) -> str:
    """Return the name of its database."""
    return bench.database("import", HERE / "import.sql")


def location_of(bench: Bench, database: str) -> int:
    """Return the id of the location of all samples."""
    with bench.connect("control", database) as conn:
        conn.execute(
            "insert into aspen.locations (region, country) values ('Europe', 'France')"
            " on conflict do nothing"
        )
        found = conn.execute(
            "select id from aspen.locations where country = 'France' and division is null"
        ).fetchone()
    assert found is not None
    return int(found[0])


def empty(bench: Bench, database: str) -> None:
    """Delete all samples, and leave none of their writes pending."""
    with bench.connect(SUPERUSER, database) as conn:
        conn.execute("truncate aspen.samples, aspen.jobs cascade")
        conn.execute("checkpoint")

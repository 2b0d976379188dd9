"""A page far down a list of 1,000,000 samples: as fast as the first, because it begins at a key."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from tests.bench.bench_list import LARGE
from tests.bench.load import load, require_wrk
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

FAR = 0.9
ROUNDS, SECONDS = 5, 2


@dataclass(frozen=True)
class Caller:
    """A user who reads pages, and the group whose samples are most of what they see."""

    name: str
    subject: str
    groups: tuple[int, ...]


def run(bench: Bench, report: Report) -> None:
    """Request both pages in turn, for every caller."""
    require_wrk()
    report.title("keyset: the page after nine tenths of the samples, and the first")
    database = bench.database("large", LARGE)
    with bench.connect("control", database) as conn:
        callers = (
            Caller("member of 300,000", "bench|3", (3,)),
            Caller("viewer of 300,000", "bench|7", (7,)),
            Caller("300 groups", "bench|3", largest_groups(conn, 300)),
        )
        far = key_at(conn, FAR)
    with bench.postgrest(database) as service:
        for caller in callers:
            token = bench.token(caller.subject, dict.fromkeys(caller.groups, "member"))
            paths = {
                f"first page, {caller.name}": "/samples?order=id&limit=100",
                f"far page, {caller.name}": f"/samples?order=id&limit=100&id=gt.{far}",
            }
            costs: dict[str, list[float]] = {name: [] for name in paths}
            for _ in range(ROUNDS):
                for name, path in paths.items():
                    done = load(service, path, token, SECONDS)
                    costs[name].append(done.processor_ms_per_request)
            first, last = (
                Side(name, tuple(times), "ms of processor time") for name, times in costs.items()
            )
            report.sides([first, last])
            report.ratio(f"far page by first page, {caller.name}", last, first, at_most(1.2))


def largest_groups(conn: psycopg.Connection, count: int) -> tuple[int, ...]:
    """Return the groups that own the most samples."""
    return tuple(
        group
        for (group,) in conn.execute(
            "select group_id from aspen.samples group by group_id"
            " order by count(*) desc, group_id limit %s",
            [count],
        )
    )


def key_at(conn: psycopg.Connection, share: float) -> int:
    """Return the key of the sample that this share of all samples precedes."""
    found = conn.execute(
        "select percentile_disc(%s) within group (order by id) from aspen.samples", [share]
    ).fetchone()
    assert found is not None
    return int(found[0])

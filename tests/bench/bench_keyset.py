"""A page far down a list of 300,000 samples: as fast as the first, because it begins at a key."""

from __future__ import annotations

from tests.bench.bench_list import LARGE
from tests.bench.load import load, require_wrk
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

GROUP, SUBJECT = 3, "bench|3"
FAR = 270_000
ROUNDS, SECONDS = 5, 2


def run(bench: Bench, report: Report) -> None:
    """Request both pages in turn."""
    require_wrk()
    report.title(f"keyset: the page after {FAR:,} of 300,000 samples, and the first")
    database = bench.database("large", LARGE)
    with bench.connect("control", database) as conn:
        found = conn.execute(
            "select id from aspen.samples where group_id = %s order by id desc limit 1 offset %s",
            [GROUP, FAR],
        ).fetchone()
    assert found is not None
    paths = {
        "first page": "/samples?order=id.desc&limit=100",
        "far page": f"/samples?order=id.desc&limit=100&id=lt.{found[0]}",
    }
    token = bench.token(SUBJECT, {GROUP: "member"})
    costs: dict[str, list[float]] = {name: [] for name in paths}
    with bench.postgrest(database) as service:
        for _ in range(ROUNDS):
            for name, path in paths.items():
                done = load(service, path, token, SECONDS)
                costs[name].append(done.processor_ms_per_request)
    first, far = (Side(name, tuple(times), "ms of processor time") for name, times in costs.items())
    report.sides([first, far])
    report.ratio("far page by first page", far, first, at_most(1.2))

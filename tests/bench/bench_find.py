"""One sample of a group of 300,000 by its private identifier: as fast as by its key."""

from __future__ import annotations

from tests.bench.bench_list import LARGE
from tests.bench.load import load, require_wrk
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

GROUP, SUBJECT = 3, "bench|3"
# Viewer of that group by a grant, member of a small one: their lists are masked.
GUEST_GROUP, GUEST = 7, "bench|7"
ROUNDS, SECONDS = 3, 2


def run(bench: Bench, report: Report) -> None:
    """Request the same sample in four ways in turn."""
    require_wrk()
    report.title("find: one of 300,000 own samples among 1,000,000, 8 connections")
    database = bench.database("large", LARGE)
    with bench.connect("control", database) as conn:
        row = conn.execute(
            "select id, private_identifier from aspen.samples where group_id = %s"
            " order by id desc limit 1 offset 150000",
            [GROUP],
        ).fetchone()
    assert row is not None
    key, identifier = row
    paths = {
        "by id": f"/samples?id=eq.{key}",
        "private_identifier=eq": f"/samples?private_identifier=eq.{identifier}",
        "private_identifier=in": f"/samples?private_identifier=in.({identifier},x,y)",
        "private_identifier=like": f"/samples?private_identifier=like.{identifier}*",
    }
    members = bench.token(SUBJECT, {GROUP: "member"})
    guests = bench.token(GUEST, {GUEST_GROUP: "member"})
    costs: dict[str, list[float]] = {}
    with bench.postgrest(database) as service:
        for _ in range(ROUNDS):
            for name, path in paths.items():
                done = load(service, path, members, SECONDS)
                costs.setdefault(name, []).append(done.processor_ms_per_request)
            done = load(service, paths["private_identifier=eq"], guests, SECONDS)
            costs.setdefault("eq by a viewer, who finds nothing", []).append(
                done.processor_ms_per_request
            )
    by_id, *others = (Side(name, tuple(times), "ms") for name, times in costs.items())
    report.sides([by_id, *others])
    for side in others:
        report.ratio(f"{side.name}, processor time by that of an id", side, by_id, at_most(1.5))

"""A plain list through the edge.

The cost of nginx and its relay beside PostgREST and PostgreSQL.
"""

from __future__ import annotations

from tests.bench.bench_list import CALLERS, LARGE, PATH
from tests.bench.load import Load, load, require_wrk
from tests.bench.report import Report, Side, at_least
from tests.bench.servers import Bench

CALLER = CALLERS[2]
ROUNDS = 5
SECONDS = 3


def run(bench: Bench, report: Report) -> None:
    """Request the same list with and without the edge, in turn."""
    require_wrk()
    report.title(f"edge: newest 100 samples of {CALLER.name}, 8 connections")
    database = bench.database("large", LARGE)
    token = bench.token(CALLER.subject, CALLER.groups)
    through: list[Load] = []
    direct: list[Load] = []
    with bench.postgrest(database) as service, bench.edge(service) as edge:
        for _ in range(ROUNDS):
            for where, measured in ((service, direct), (edge, through)):
                load(where, PATH, token, 1)
                measured.append(load(where, PATH, token, SECONDS))

    names = ("through the edge", "PostgREST alone")
    our_rate, their_rate = (
        Side(name, tuple(one.requests_per_second for one in measured), "requests/s")
        for name, measured in zip(names, (through, direct), strict=True)
    )
    our_cost, their_cost = (
        Side(name, tuple(one.processor_ms_per_request for one in measured), "ms of processor time")
        for name, measured in zip(names, (through, direct), strict=True)
    )
    report.sides([our_rate, their_rate, our_cost, their_cost])
    report.ratio("edge: requests/s by those of PostgREST alone", our_rate, their_rate)
    report.ratio(
        "edge: work of PostgREST alone by that with it", their_cost, our_cost, at_least(0.87)
    )

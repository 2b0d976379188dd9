"""A request whose groups are set by statements, against one that sets them by set_config."""

from __future__ import annotations

import time
from statistics import median

import psycopg

from control.database import begin_request, request_claims
from tests.bench.bench_list import LARGE
from tests.bench.processes import seconds_of
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

ROUNDS, SECONDS = 7, 0.5
LIST = "select coalesce(json_agg(t), '[]')::text from (select * from api.samples limit %s) as t"
CLAIMS = request_claims("member", "bench|2", {2: "member"})


def run(bench: Bench, report: Report) -> None:
    """Alternate between both ways on one connection."""
    report.title("groups: a list of 100, groups set by statements and by set_config")
    database = bench.database("large", LARGE)
    rounds: dict[str, list[float]] = {"on": [], "off": []}
    with bench.connect("authenticator", database) as conn:
        for number in range(ROUNDS + 1):
            for choice, measured in rounds.items():
                conn.execute("select set_config('aspen.groups_by_statement', %s, false)", [choice])
                cost = round_of(conn)
                # The first round plans and fills the caches.
                if number:
                    measured.append(cost)
    by_statement, by_function = (
        Side(name, tuple(rounds[choice]), "ms of processor time")
        for name, choice in (("by statement", "on"), ("by set_config", "off"))
    )
    report.sides([by_statement, by_function])
    report.ratio("by statement", by_statement, by_function, at_most(1.1))


def round_of(conn: psycopg.Connection) -> float:
    """Return the median processor milliseconds of many requests."""
    backend, done = conn.info.backend_pid, []
    give_up_at = time.monotonic() + SECONDS
    while time.monotonic() < give_up_at:
        before = seconds_of(backend)
        with conn.transaction():
            begin_request(conn, "member", CLAIMS)
            conn.execute(LIST, [100], prepare=True)
        done.append((seconds_of(backend) - before) * 1000)
    return median(done)

"""What the groups of a caller cost: set by statements or by set_config, many or one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

import psycopg

from control.database import begin_request, request_claims
from tests.bench.bench_list import LARGE
from tests.bench.processes import seconds_of
from tests.bench.report import Report, Side, Target, at_most
from tests.bench.servers import Bench

ROUNDS, SECONDS = 7, 0.5
MANY = 300
LIST = "select coalesce(json_agg(t), '[]')::text from (select * from api.samples limit %s) as t"
ONE_GROUP = request_claims("member", "bench|2", {2: "member"})
MANY_GROUPS = request_claims("member", "bench|2", dict.fromkeys(range(2, 2 + MANY), "member"))


def run(bench: Bench, report: Report) -> None:
    """Alternate between both sides on one connection."""
    report.title(f"groups: a list of 100, groups set in two ways, one group and {MANY}")
    database = bench.database("large", LARGE)
    with bench.connect("authenticator", database) as conn:

        def set_by(choice: str) -> float:
            conn.execute("select set_config('aspen.groups_by_statement', %s, false)", [choice])
            return round_of(conn, ONE_GROUP)

        compare(
            report,
            "by statement",
            {"by statement": lambda: set_by("on"), "by set_config": lambda: set_by("off")},
            at_most(1.1),
        )
        compare(
            report,
            "many groups",
            {
                f"{MANY} groups": lambda: round_of(conn, MANY_GROUPS),
                "one group": lambda: round_of(conn, ONE_GROUP),
            },
            at_most(2.5),
        )


def compare(
    report: Report, name: str, rounds: Mapping[str, Callable[[], float]], target: Target
) -> None:
    """Report a side for each kind of round, and the first divided by the second."""
    costs: dict[str, list[float]] = {side: [] for side in rounds}
    for number in range(ROUNDS + 1):
        for side, measure in rounds.items():
            cost = measure()
            # The first round plans and fills the caches.
            if number:
                costs[side].append(cost)
    first, second = (
        Side(side, tuple(measured), "ms of processor time") for side, measured in costs.items()
    )
    report.sides([first, second])
    report.ratio(name, first, second, target)


def round_of(conn: psycopg.Connection, claims: Mapping[str, object]) -> float:
    """Return the median processor milliseconds of many requests."""
    backend, done = conn.info.backend_pid, []
    give_up_at = time.monotonic() + SECONDS
    while time.monotonic() < give_up_at:
        before = seconds_of(backend)
        with conn.transaction():
            begin_request(conn, "member", claims)
            conn.execute(LIST, [100], prepare=True)
        done.append((seconds_of(backend) - before) * 1000)
    return median(done)

"""PATCH and DELETE of thousands of samples: each row costs the same."""

from __future__ import annotations

import psycopg
from psycopg.types.json import Json

from control.database import begin_request, request_claims
from control.stack.state import SUPERUSER
from tests.bench.bench_first_upload import sample
from tests.bench.import_group import GROUP, SUBJECT, empty, import_database, location_of
from tests.bench.processes import seconds_of
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

FEW, MANY = 2_000, 20_000
ROUNDS = 3
CHANGES = {
    "PATCH": "update api.samples set host = 'Human' where private_identifier like 'NEW-%'",
    "DELETE": "delete from api.samples where private_identifier like 'NEW-%'",
}


def run(bench: Bench, report: Report) -> None:
    """Change and delete few and many samples in turn, with their sequences."""
    report.title(f"bulk: {FEW:,} and {MANY:,} samples changed and deleted at once")
    database = import_database(bench)
    location = location_of(bench, database)
    costs: dict[tuple[str, int], list[float]] = {}
    for _ in range(ROUNDS):
        for count in (FEW, MANY):
            empty(bench, database)
            with bench.connect("authenticator", database) as api:
                store(api, location, count)
            with bench.connect(SUPERUSER, database) as conn:
                conn.execute("analyze aspen.samples, aspen.sequences")
            with bench.connect("authenticator", database) as api:
                for name, change in CHANGES.items():
                    costs.setdefault((name, count), []).append(cost(api, change, count))
    empty(bench, database)
    for name in CHANGES:
        few, many = (
            Side(f"{name} of {count:,}", tuple(costs[name, count]), "ms each")
            for count in (FEW, MANY)
        )
        report.sides([few, many])
        report.ratio(f"{name}, processor time of a row, many by few", many, few, at_most(1.2))


def store(conn: psycopg.Connection, location: int, count: int) -> None:
    """Store samples with sequences, a thousand at a time."""
    with conn.transaction():
        begin_request(conn, "member", request_claims("member", SUBJECT, {GROUP: "member"}))
        for first in range(1, count + 1, 1_000):
            samples = [sample(number, location) for number in range(first, first + 1_000)]
            conn.execute(
                "select api.create_samples(%s, 'SC2', %s)",
                [GROUP, Json(samples)],
            )


def cost(conn: psycopg.Connection, change: str, count: int) -> float:
    """Measure milliseconds of processor time for each row of one request."""
    with conn.transaction():
        begin_request(conn, "member", request_claims("member", SUBJECT, {GROUP: "member"}))
        conn.execute("set local statement_timeout = '120s'")
        before = seconds_of(conn.info.backend_pid)
        changed = conn.execute(change.encode()).rowcount
        assert changed == count
        return (seconds_of(conn.info.backend_pid) - before) / count * 1000

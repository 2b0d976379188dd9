"""The API description, made at each request: at most 20 ms of processor time."""

from __future__ import annotations

from tests.bench.load import load, require_wrk
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import HERE, Bench

GROUP, SUBJECT = 1, "bench|import"
MOST_MS = 20
ROUNDS, SECONDS = 3, 2


def run(bench: Bench, report: Report) -> None:
    """Request it as a member, past the cache of the edge."""
    require_wrk()
    report.title("description: OpenAPI of all that a member may use, 8 connections")
    database = bench.database("import", HERE / "import.sql")
    member = bench.token(SUBJECT, {GROUP: "member"})
    with bench.postgrest(database) as service:
        rounds = [load(service, "/rpc/openapi", member, SECONDS) for _ in range(ROUNDS)]
    made = Side("OpenAPI", tuple(done.processor_ms_per_request for done in rounds), "ms")
    report.sides([made])
    report.bound("OpenAPI, processor time of PostgREST and PostgreSQL", made, at_most(MOST_MS))

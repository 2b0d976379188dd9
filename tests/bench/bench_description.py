"""The API description, as it is kept for each role: at most 20 ms of processor time."""

from __future__ import annotations

from control.schema.descriptions import keep_descriptions
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
    costs: dict[str, list[float]] = {"/rpc/openapi": [], "/rpc/health": []}
    # What other benchmarks added to the catalogue made what was kept out of date.
    with bench.connect("control", database) as conn:
        conn.execute("set role aspen_owner")
        keep_descriptions(conn)
    with bench.postgrest(database) as service:
        for _ in range(ROUNDS):
            for path, done in costs.items():
                done.append(load(service, path, member, SECONDS).processor_ms_per_request)
    made, least = (Side(path, tuple(done), "ms") for path, done in costs.items())
    report.sides([made, least])
    report.ratio("OpenAPI by the least request, which tells how busy the machine is", made, least)
    report.bound("OpenAPI, processor time of PostgREST and PostgreSQL", made, at_most(MOST_MS))

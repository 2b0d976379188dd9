"""Ten times the samples in ten times the groups: what one group asks for costs what it did."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from control.database import begin_request, request_claims
from tests.bench.bench_list import LARGE
from tests.bench.load import load, require_wrk
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

ROUNDS, SECONDS = 3, 2
MILLIONS = {"1,000,000": 1, "10,000,000": 10}
EMBEDDED = "sample_lineages(*),sample_qc_metrics(*),accessions(*)"


@dataclass(frozen=True)
class Request:
    """A request of a member of one group, and a statement that reads what PostgREST's reads.

    {identifier} is a private identifier of the group. The groups are as large in both databases.
    """

    name: str
    group: int
    path: str
    statement: str
    prefer: str = ""


REQUESTS = (
    Request(
        "list of 100, group of 800",
        2,
        "/samples?order=id.desc&limit=100",
        "select * from api.samples order by id desc limit 100",
    ),
    Request(
        "list of 100, group of 300,000",
        3,
        "/samples?order=id.desc&limit=100",
        "select * from api.samples order by id desc limit 100",
    ),
    Request(
        "look-up by private identifier, group of 300,000",
        3,
        "/samples?private_identifier=eq.{identifier}",
        "select * from api.samples where private_identifier = '{identifier}'",
    ),
    Request(
        "list of 20 with what is embedded, group of 800",
        2,
        f"/samples?select=*,{EMBEDDED}&order=id.desc&limit=20",
        "select newest.id, lineages.lineage, metrics.qc_score, found.accession"
        " from (select id, group_id from api.samples order by id desc limit 20) as newest"
        " left join api.sample_lineages as lineages"
        " on newest.group_id = lineages.group_id and newest.id = lineages.sample_id"
        " left join api.sample_qc_metrics as metrics"
        " on newest.group_id = metrics.group_id and newest.id = metrics.sample_id"
        " left join api.accessions as found"
        " on newest.group_id = found.group_id and newest.id = found.sample_id",
    ),
    Request(
        "exact count, group of 800",
        2,
        "/samples?select=id&order=id.desc&limit=1",
        "select count(*) from api.samples",
        prefer="count=exact",
    ),
)


def run(bench: Bench, report: Report) -> None:
    """Send every request to both databases in turn; count the pages that its statement reads."""
    require_wrk()
    report.title("growth: 10,000,000 samples in 10,000 groups, and 1,000,000 in 1,000")
    databases = {
        size: bench.database("large" if millions == 1 else "growth", LARGE, millions)
        for size, millions in MILLIONS.items()
    }
    identifiers = {
        size: {request.name: identifier(bench, name, request.group) for request in REQUESTS}
        for size, name in databases.items()
    }
    costs: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for size, name in databases.items():
            measure(bench, name, size, identifiers[size], costs)
    for request in REQUESTS:
        small, large = (
            Side(
                f"{request.name}, of {size}",
                tuple(costs[size, request.name]),
                "ms of processor time",
            )
            for size in databases
        )
        report.sides([small, large])
        report.ratio(request.name, large, small, at_most(1.5))
        pages = [
            Side(
                f"{request.name}, of {size}",
                (pages_read(bench, name, request, identifiers[size][request.name]),),
                "pages",
            )
            for size, name in databases.items()
        ]
        report.sides(pages)
        report.ratio(f"{request.name}, pages read", pages[1], pages[0])
    report.note(
        "pages: the newest 100 of a group lie on as many pages as others write between them"
    )


def measure(
    bench: Bench,
    database: str,
    size: str,
    identifiers: Mapping[str, str],
    costs: dict[tuple[str, str], list[float]],
) -> None:
    """Measure one round of all requests to one database."""
    with bench.postgrest(database) as service:
        for request in REQUESTS:
            token = bench.token(f"bench|{request.group}", {request.group: "member"})
            path = request.path.format(identifier=identifiers[request.name])
            load(service, path, token, 1, request.prefer)
            done = load(service, path, token, SECONDS, request.prefer)
            costs[size, request.name].append(done.processor_ms_per_request)


def identifier(bench: Bench, database: str, group: int) -> str:
    """Return the private identifier of a sample in the middle of a group."""
    with bench.connect("control", database) as conn:
        found = conn.execute(
            "select private_identifier from aspen.samples where group_id = %s order by id"
            " limit 1 offset (select count(*) / 2 from aspen.samples where group_id = %s)",
            [group, group],
        ).fetchone()
    assert found is not None
    return str(found[0])


def pages_read(bench: Bench, database: str, request: Request, identifier: str) -> float:
    """Return how many pages the statement reads, in memory or not, once plans are warm."""
    claims = request_claims("member", f"bench|{request.group}", {request.group: "member"})
    statement = request.statement.format(identifier=identifier)
    with bench.connect("authenticator", database) as conn, conn.transaction():
        conn.execute("select set_config('request.method', 'GET', true)")
        conn.execute("select set_config('request.path', '/samples', true)")
        begin_request(conn, "member", claims)
        for _ in range(2):
            row = conn.execute(f"explain (analyze, buffers, format json) {statement}".encode())
            [(plans,)] = row.fetchall()
    plan = (json.loads(plans) if isinstance(plans, str) else plans)[0]["Plan"]
    return float(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])

"""Row-level security against the same SQL with the predicate written by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import psycopg
from psycopg import sql

from control.database import begin_request, request_claims
from tests.bench.bench_list import LARGE
from tests.bench.processes import seconds_of
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench
from tests.list_requests import as_list

ROUNDS = 7
SECONDS = 0.4

BY_HAND = """
    samples.group_id = any (nullif(current_setting('aspen.any_groups', true), '')::bigint[])
    and (
        samples.disclosed_at <= now()
        or samples.group_id = any (nullif(current_setting('aspen.full_groups', true), '')::bigint[])
    )
"""
EMBEDDED = """
    select samples.*, lineages.rows as lineages, qc.rows as qc, accessions.rows as accessions
    from api.samples as samples
    left join lateral (
        select json_agg(found) as rows from api.sample_lineages as found
        where found.group_id = samples.group_id and found.sample_id = samples.id
    ) as lineages on true
    left join lateral (
        select json_agg(found) as rows from api.sample_qc_metrics as found
        where found.group_id = samples.group_id and found.sample_id = samples.id
    ) as qc on true
    left join lateral (
        select json_agg(found) as rows from api.accessions as found
        where found.group_id = samples.group_id and found.sample_id = samples.id
    ) as accessions on true
    where {predicate}
    order by samples.id desc
    limit %(limit)s
"""


ANSWER = "select coalesce(json_agg(answer), '[]')::text from ({query}) as answer"


@dataclass(frozen=True)
class Query:
    """One statement; {predicate} is where the hand-written authorisation goes.

    Every one has a parameter, as PostgREST's have: PostgreSQL never plans a prepared statement
        without any again, force_custom_plan or not.
    """

    name: str
    text: str
    limit: int = 0

    def written(self, predicate: str) -> str:
        """Return the statement with this authorisation.

        As by PostgREST, the answer is one JSON text.
        """
        return ANSWER.format(query=self.text.format(predicate=predicate))


@dataclass(frozen=True)
class Caller:
    """A user who sends requests."""

    name: str
    subject: str
    group: int
    sees: int


QUERIES = (
    Query(
        "newest 100",
        "select samples.* from api.samples as samples where {predicate}"
        " order by samples.id desc limit %(limit)s",
        limit=100,
    ),
    Query(
        "count of a group",
        "select count(*) from api.samples as samples"
        " where samples.group_id = %(sees)s and {predicate}",
    ),
    Query(
        "one by its key",
        "select samples.* from api.samples as samples where samples.id = %(id)s and {predicate}",
    ),
    Query("newest 20 with everything embedded", EMBEDDED, limit=20),
)
CALLERS = (
    Caller("800 samples", "bench|2", 2, sees=2),
    Caller("300,000 samples", "bench|3", 3, sees=3),
    Caller("viewer of 300,000", "bench|7", 7, sees=3),
)


def run(bench: Bench, report: Report) -> None:
    """Run every query for every caller, both sides in turn."""
    report.title("rls: the same request with row-level security and with the predicate by hand")
    report.note("both: begin, set local role, claims, pre_request, set local role, query, commit")
    database = bench.database("large", LARGE)
    with (
        bench.connect("authenticator", database) as fenced,
        bench.connect("authenticator", database) as unfenced,
    ):
        for query in QUERIES:
            for caller in CALLERS:
                parameters = {
                    "sees": caller.sees,
                    "id": newest_of(bench, database, caller),
                    "limit": query.limit,
                }
                sides = (
                    Request(fenced, caller, "member", query.written("true"), parameters),
                    Request(unfenced, caller, "unfenced", query.written(BY_HAND), parameters),
                )
                compare(report, f"{query.name}, {caller.name}", *sides)


@dataclass(frozen=True)
class Request:
    """One request of one side, as PostgREST would run it."""

    conn: psycopg.Connection
    caller: Caller
    role: str
    statement: str
    parameters: dict[str, int]

    def run(self) -> tuple[float, float, object]:
        """Measure processor seconds of the transaction and of its query; return the answer."""
        claims = request_claims("member", self.caller.subject, {self.caller.group: "member"})
        backend = self.conn.info.backend_pid
        started = seconds_of(backend)
        with self.conn.transaction():
            as_list(self.conn)
            begin_request(self.conn, "member", claims)
            # Both sides change the role once more, so that they run the same statements.
            self.conn.execute(sql.SQL("set local role {}").format(sql.Identifier(self.role)))
            asked = seconds_of(backend)
            answer = self.conn.execute(
                self.statement.encode(), self.parameters, prepare=True
            ).fetchone()
            answered = seconds_of(backend)
        return seconds_of(backend) - started, answered - asked, answer


def compare(report: Report, name: str, fenced: Request, unfenced: Request) -> None:
    """Alternate between the sides and judge whole requests."""
    # Sooner or later both sides prepare, and all pages are in memory.
    assert fenced.run()[2] == unfenced.run()[2], f"{name}: the sides answer differently"
    rounds = [(round_of(fenced), round_of(unfenced)) for _ in range(ROUNDS)]
    ours, theirs = (
        Side(
            f"{name}, {side}", tuple(one[index][0] * 1000 for one in rounds), "ms of processor time"
        )
        for index, side in enumerate(("row-level security", "by hand"))
    )
    report.sides([ours, theirs])
    report.ratio(name, ours, theirs, at_most(1.25))
    alone = [median(one[index][1] * 1000 for one in rounds) for index in (0, 1)]
    report.note(f"  the query alone: {alone[0]:.3f} against {alone[1]:.3f} ms")


def round_of(request: Request) -> tuple[float, float]:
    """Measure the median processor seconds of many whole requests and of their queries."""
    done = list(_for_a_while(request))
    return median(whole for whole, _ in done), median(query for _, query in done)


def _for_a_while(request: Request) -> Iterator[tuple[float, float]]:
    give_up_at = time.monotonic() + SECONDS
    while time.monotonic() < give_up_at:
        whole, query, _ = request.run()
        yield whole, query


def newest_of(bench: Bench, database: str, caller: Caller) -> int:
    """Return the key of a sample the caller may see."""
    with bench.connect("control", database) as conn:
        found = conn.execute(
            "select max(id) from aspen.samples where group_id = %s and disclosed_at <= now()",
            [caller.sees],
        ).fetchone()
    assert found is not None
    return int(found[0])

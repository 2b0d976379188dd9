"""The newest 100 of 1,000,000 samples: as fast for every caller, however uneven the groups are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from tests.bench.load import Load, Service, load, require_wrk
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import HERE, Bench

LARGE = HERE / "large.sql"
PATH = "/samples?order=id.desc&limit=100"
ROUNDS = 3
SECONDS = 2


@dataclass(frozen=True)
class Caller:
    """A user whose list is requested."""

    name: str
    subject: str
    groups: dict[int, str]


CALLERS = (
    Caller("a group of 10 samples", "bench|1", {1: "member"}),
    Caller("a group of 800", "bench|2", {2: "member"}),
    Caller("a group of 300,000", "bench|3", {3: "member"}),
    Caller(
        "three groups: 800, 10,000 and 200", "bench|2", {2: "member", 10: "member", 500: "admin"}
    ),
    Caller("a small group with a viewer grant on 300,000", "bench|7", {7: "member"}),
    Caller("a group of 50,000 whose last upload was long ago", "bench|4", {4: "member"}),
)
Measured = dict[str, list[Load]]


def run(bench: Bench, report: Report) -> None:
    """Request each caller's list in turn, under our policies and under the usual ones."""
    require_wrk()
    report.title("list: newest 100 of 1,000,000 samples in 1,000 groups, 8 connections")
    database = bench.database("large", LARGE)
    ours: Measured = {caller.name: [] for caller in CALLERS}
    usual: Measured = {caller.name: [] for caller in CALLERS}
    with bench.postgrest(database) as service, bench.connect("control", database) as conn:
        for _ in range(ROUNDS):
            measure(bench, service, ours)
            with usual_policies(conn):
                measure(bench, service, usual)

    for policy, measured in (("ours", ours), ("usual", usual)):
        report.sides([rates_of(measured, policy, caller) for caller in CALLERS])
        costs = [costs_of(measured, policy, caller) for caller in CALLERS]
        report.sides(costs)
        by_cost = sorted(costs, key=lambda side: side.value)
        report.ratio(
            f"{policy}: work for the costliest by that for the cheapest caller",
            by_cost[-1],
            by_cost[0],
            at_most(2) if measured is ours else None,
        )
    report.note("usual: the same policies with the groups wrapped in (select …)")


def rates_of(measured: Measured, policy: str, caller: Caller) -> Side:
    """Return the rates of one caller under one policy."""
    rounds = tuple(one.requests_per_second for one in measured[caller.name])
    return Side(f"{policy}, {caller.name}", rounds, "requests/s")


def costs_of(measured: Measured, policy: str, caller: Caller) -> Side:
    """Return the processor time of one caller's requests under one policy."""
    rounds = tuple(one.processor_ms_per_request for one in measured[caller.name])
    return Side(f"{policy}, {caller.name}", rounds, "ms of processor time")


def measure(bench: Bench, service: Service, results: Measured) -> None:
    """Measure one round of every caller."""
    for caller in CALLERS:
        token = bench.token(caller.subject, caller.groups)
        load(service, PATH, token, 1)
        results[caller.name].append(load(service, PATH, token, SECONDS))


@contextmanager
def usual_policies(conn: psycopg.Connection) -> Iterator[None]:
    """Wrap the settings in the policies of samples as is commonly advised.

    After a run that was killed before that, the next load of the code puts them right.
    """
    ours: dict[str, str] = dict(
        conn.execute(
            "select policies.polname, pg_get_expr(policies.polqual, policies.polrelid)"
            " from pg_catalog.pg_policy as policies"
            " where policies.polrelid = 'aspen.samples'::regclass and policies.polcmd in ('r', '*')"
        ).fetchall()
    )
    use_policies(conn, {name: wrapped(expression) for name, expression in ours.items()})
    try:
        yield
    finally:
        use_policies(conn, ours)


def wrapped(expression: str) -> str:
    """Replace `any (groups)` by `any ((select groups)::bigint[])`, as PostgreSQL prints both.

    What our policies say for callers of few groups is left out.
    """
    for_many = re.sub(r"^.*\bELSE\b(.*)\bEND\b.*$", r"\1", expression, flags=re.DOTALL)
    return re.sub(r"ANY \((authz\.\w+_groups\(\))\)", r"ANY ((SELECT \1)::bigint[])", for_many)


def use_policies(conn: psycopg.Connection, expressions: Mapping[str, str]) -> None:
    """Give policies of samples these conditions."""
    with conn.transaction():
        conn.execute("set local role aspen_owner")
        for name, expression in expressions.items():
            conn.execute(
                sql.SQL("alter policy {} on aspen.samples using ({})").format(
                    sql.Identifier(name), sql.SQL(expression)
                )
            )

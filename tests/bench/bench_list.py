"""The newest 100 of 1,000,000 samples: as fast for every caller, however uneven the groups are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from tests.bench.lab import HERE, Lab
from tests.bench.load import load, require_wrk
from tests.bench.report import Report, Side, at_most

LARGE = HERE / "large.sql"
PATH = "/samples?order=id.desc&limit=100"
ROUNDS = 3
SECONDS = 2


@dataclass(frozen=True)
class Caller:
    """Somebody whose list is asked for."""

    name: str
    subject: str
    groups: dict[int, str]


CALLERS = (
    Caller("a group of 10 samples", "bench|1", {1: "member"}),
    Caller("a group of 800", "bench|2", {2: "member"}),
    Caller("a group of 300,000", "bench|3", {3: "member"}),
    Caller("three groups: 800, 10,000 and 200", "bench|2", {2: "member", 10: "member", 500: "admin"}),
    Caller("a small group with a viewer grant on 300,000", "bench|7", {7: "member"}),
)
DORMANT = Caller("a group of 50,000 whose last upload was long ago", "bench|4", {4: "member"})


def run(lab: Lab, report: Report) -> None:
    """Ask for each caller's list in turn, under our policies and under the usual ones."""
    require_wrk()
    report.title("list: newest 100 of 1,000,000 samples in 1,000 groups, 8 connections")
    database = lab.database("large", LARGE)
    ours: dict[str, list[float]] = {caller.name: [] for caller in (*CALLERS, DORMANT)}
    usual: dict[str, list[float]] = {caller.name: [] for caller in (*CALLERS, DORMANT)}
    with lab.postgrest(database) as url, lab.connect("control", database) as conn:
        # In case an earlier run was killed under the usual ones.
        use_our_policies(lab, conn)
        for _ in range(ROUNDS):
            measure(lab, url, ours)
            with usual_policies(lab, conn):
                measure(lab, url, usual)

    def sides(measured: dict[str, list[float]], policy: str, *callers: Caller) -> list[Side]:
        return [
            Side(f"{policy}, {caller.name}", tuple(measured[caller.name]), "requests/s")
            for caller in callers
        ]

    our_sides = sides(ours, "ours", *CALLERS)
    report.sides(our_sides)
    by_speed = sorted(our_sides, key=lambda side: side.value)
    report.ratio("fastest by slowest caller", by_speed[-1], by_speed[0], at_most(2))
    usual_sides = sides(usual, "(select …)", *CALLERS)
    report.sides(usual_sides)
    by_speed = sorted(usual_sides, key=lambda side: side.value)
    report.ratio("the same with the usual (select …) policy", by_speed[-1], by_speed[0])
    report.sides([*sides(ours, "ours", DORMANT), *sides(usual, "(select …)", DORMANT)])


def measure(lab: Lab, url: str, results: dict[str, list[float]]) -> None:
    """One round of every caller."""
    for caller in (*CALLERS, DORMANT):
        token = lab.token(caller.subject, caller.groups)
        load(url + PATH, token, 1)
        results[caller.name].append(load(url + PATH, token, SECONDS).requests_per_second)


@contextmanager
def usual_policies(lab: Lab, conn: psycopg.Connection) -> Iterator[None]:
    """Wrap the settings in the policies of samples the way everybody is told to."""
    policies = conn.execute(
        "select policies.polname, pg_get_expr(policies.polqual, policies.polrelid)"
        " from pg_catalog.pg_policy as policies"
        " where policies.polrelid = 'aspen.samples'::regclass and policies.polcmd in ('r', '*')"
    ).fetchall()
    try:
        with conn.transaction():
            conn.execute("set local role aspen_owner")
            for name, expression in policies:
                conn.execute(
                    sql.SQL("alter policy {} on aspen.samples using ({})").format(
                        sql.Identifier(name), sql.SQL(wrapped(expression))
                    )
                )
        yield
    finally:
        use_our_policies(lab, conn)


def wrapped(expression: str) -> str:
    """`any (setting)` becomes `any ((select setting)::bigint[])`, as PostgreSQL prints the two."""
    return expression.replace("ANY ((NULLIF(", "ANY (((SELECT NULLIF(").replace(
        "''::text))::bigint[])", "''::text))::text)::bigint[])"
    )


def use_our_policies(lab: Lab, conn: psycopg.Connection) -> None:
    """As the checkout has them."""
    with conn.transaction():
        conn.execute("set local role aspen_owner")
        conn.execute((lab.settings.sql_dir / "policies" / "samples.sql").read_bytes())

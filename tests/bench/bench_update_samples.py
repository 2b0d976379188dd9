"""10,000 samples changed by update_samples, against a bare UPDATE of the same rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.types.json import Json

from control.database import begin_request, request_claims
from control.stack.state import SUPERUSER
from tests.bench.bench_bulk import store
from tests.bench.import_group import GROUP, SUBJECT, empty, import_database, location_of
from tests.bench.processes import seconds_of
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

SAMPLES = 10_000
ROUNDS = 5
# What a row says, and the same for UPDATE; a round number makes each round change every row.
CHANGES: dict[str, tuple[Callable[[int, int], dict[str, Any]], str]] = {
    "three columns": (
        lambda number, round_number: {
            "identifier": f"NEW-{number}",
            "host": f"Human {round_number}",
            "purpose_of_sampling": f"Outbreak {round_number}",
            "collection_date": f"2024-02-{round_number + 1:02}",
        },
        "update aspen.samples as samples set host = given.host,"
        " purpose_of_sampling = given.purpose_of_sampling,"
        " collection_date = given.collection_date"
        " from unnest(%(identifier)s::text[], %(host)s::text[], %(purpose_of_sampling)s::text[],"
        " %(collection_date)s::date[])"
        " as given (identifier, host, purpose_of_sampling, collection_date)"
        " where samples.private_identifier = given.identifier",
    ),
    "public identifiers": (
        lambda number, round_number: {
            "identifier": f"NEW-{number}",
            "public_identifier": f"NEW/{number}/{round_number}",
        },
        "update aspen.samples as samples set public_identifier = given.public_identifier"
        " from unnest(%(identifier)s::text[], %(public_identifier)s::text[])"
        " as given (identifier, public_identifier)"
        " where samples.private_identifier = given.identifier",
    ),
}


def run(bench: Bench, report: Report) -> None:
    """Change the same samples both ways in turn."""
    report.title(f"update_samples: {SAMPLES:,} samples changed at once")
    database = import_database(bench)
    location = location_of(bench, database)
    for name, (change_of, statement) in CHANGES.items():
        empty(bench, database)
        with bench.connect("authenticator", database) as api:
            store(api, location, SAMPLES)
        by_function, by_update = [], []
        with (
            bench.connect("authenticator", database) as api,
            bench.connect("control", database) as control,
        ):
            for number in range(ROUNDS):
                vacuum(bench, database)
                by_function.append(update(api, changes(change_of, 2 * number)))
                vacuum(bench, database)
                by_update.append(
                    bare_update(control, statement, changes(change_of, 2 * number + 1))
                )
        sides = (
            Side(f"update_samples, {name}", tuple(by_function), "s"),
            Side("bare UPDATE, the same triggers", tuple(by_update), "s"),
        )
        report.sides(sides)
        report.ratio(f"update_samples by UPDATE, {name}", *sides, at_most(3))
    empty(bench, database)


def changes(
    change_of: Callable[[int, int], dict[str, Any]], round_number: int
) -> list[dict[str, Any]]:
    """Return the batch of a round."""
    return [change_of(number, round_number) for number in range(1, SAMPLES + 1)]


def vacuum(bench: Bench, database: str) -> None:
    """Remove what the round before left behind."""
    with bench.connect(SUPERUSER, database) as conn:
        conn.execute("vacuum analyze aspen.samples")


def update(conn: psycopg.Connection, batch: list[dict[str, Any]]) -> float:
    """Measure the seconds of processor time of one request as PostgREST would run it."""
    with conn.transaction():
        begin_request(conn, "member", request_claims("member", SUBJECT, {GROUP: "member"}))
        samples = Json(batch)
        before = seconds_of(conn.info.backend_pid)
        conn.execute("select api.update_samples(%s, %s)", [GROUP, samples])
    return seconds_of(conn.info.backend_pid) - before


def bare_update(conn: psycopg.Connection, statement: str, batch: list[dict[str, Any]]) -> float:
    """Measure the seconds of processor time of one UPDATE of the same rows."""
    columns = {key: [row[key] for row in batch] for key in batch[0]}
    before = seconds_of(conn.info.backend_pid)
    with conn.transaction():
        changed = conn.execute(statement.encode(), columns).rowcount
    assert changed == SAMPLES
    return seconds_of(conn.info.backend_pid) - before

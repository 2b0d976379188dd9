"""create_phylo_run over samples that are not analysed yet: the same time per identifier.

A nested loop would compare each identifier with every sample.
"""

from __future__ import annotations

import psycopg
from psycopg.types.json import Jsonb

from control.database import begin_request, request_claims
from tests.bench.import_group import GROUP, SUBJECT, empty, import_database, location_of
from tests.bench.processes import seconds_of
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

FEW, MANY = 2_000, 20_000
ROUNDS = 3


def run(bench: Bench, report: Report) -> None:
    """Queue runs over all samples of a new group, of few and of many in turn."""
    report.title(f"identifiers: a run over {FEW:,} and over {MANY:,} samples of a new group")
    database = import_database(bench)
    location = location_of(bench, database)
    rounds: dict[int, list[float]] = {FEW: [], MANY: []}
    with (
        bench.connect("authenticator", database) as api,
        bench.connect("control", database) as control,
    ):
        for _ in range(ROUNDS):
            for count, done in rounds.items():
                empty(bench, database)
                store(control, location, count)
                done.append(create(api, count) / count)
    empty(bench, database)
    few, many = (
        Side(f"{count:,} identifiers", tuple(done), "ms each") for count, done in rounds.items()
    )
    report.sides([few, many])
    report.ratio("a run, ten times the identifiers, time for each", many, few, at_most(1.5))


def store(conn: psycopg.Connection, location: int, count: int) -> None:
    """Store samples without updating the statistics."""
    conn.execute(
        "insert into aspen.samples (group_id, pathogen_id, location_id, private_identifier,"
        " public_identifier, collection_date)"
        " select %s, 1, %s, 's' || number, 'hCoV-19/s' || number, '2024-01-01'"
        " from generate_series(1, %s) as numbers (number)",
        [GROUP, location, count],
    )
    conn.execute(
        "insert into aspen.sequences (group_id, sample_id, sequence)"
        " select group_id, id, repeat('ACGT', 250) from aspen.samples"
    )


def create(conn: psycopg.Connection, count: int) -> float:
    """Measure processor milliseconds of one request as by PostgREST, by both identifiers."""
    names = [f"{'hCoV-19/' * (number % 2)}s{number}" for number in range(1, count + 1)]
    before = seconds_of(conn.info.backend_pid)
    with conn.transaction():
        begin_request(conn, "member", request_claims("member", SUBJECT, {GROUP: "member"}))
        conn.execute(
            "select api.create_phylo_run("
            "%s, 'SC2', '\"A run\"', to_json(%s::text[]), 'TARGETED', %s)",
            [GROUP, names, Jsonb({})],
        )
    return (seconds_of(conn.info.backend_pid) - before) * 1000

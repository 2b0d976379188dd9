"""Samples by POST /samples and by create_samples, against a bare INSERT of the same rows."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from psycopg import sql
from psycopg.types.json import Json

from control.database import begin_request, request_claims
from tests.bench.import_group import GROUP, SUBJECT, empty, import_database, location_of
from tests.bench.processes import seconds_of
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

SAMPLES = 5_000
ROUNDS = 5
Row = dict[str, object]


def run(bench: Bench, report: Report) -> None:
    """Store the same samples three ways in turn, each time into an empty table."""
    report.title(f"write: {SAMPLES:,} samples without sequences")
    database = import_database(bench)
    location = location_of(bench, database)
    rows = [sample(number, location) for number in range(SAMPLES)]
    times: dict[Callable[[psycopg.Connection, list[Row]], float], list[float]] = {
        post: [],
        create: [],
        insert: [],
    }
    for _ in range(ROUNDS):
        for way, done in times.items():
            empty(bench, database)
            login = "control" if way is insert else "authenticator"
            with bench.connect(login, database) as conn:
                done.append(way(conn, rows) / SAMPLES * 1000)
    empty(bench, database)
    posted, created, inserted = (
        Side(name, tuple(done), "ms of processor time each")
        for name, done in zip(
            ("POST /samples", "create_samples", "INSERT, the same triggers"),
            times.values(),
            strict=True,
        )
    )
    report.sides([posted, created, inserted])
    report.ratio("POST by INSERT", posted, inserted, at_most(5))
    report.ratio("create_samples by INSERT", created, inserted, at_most(5))


def sample(number: int, location: int) -> Row:
    """Return a sample as a client posts it."""
    return {
        "pathogen_id": 1,
        "location_id": location,
        "private_identifier": f"LAB-{number}",
        "public_identifier": f"hCoV-19/France/BENCH-{number}/2024",
        "collection_date": "2024-01-01",
        "authors": ["A. Author", "B. Author"],
        "host": "Homo sapiens",
    }


def post(conn: psycopg.Connection, rows: list[Row]) -> float:
    """Measure the processor seconds of one POST, with the columns read as by PostgREST."""
    body = Json([row | {"group_id": GROUP} for row in rows])
    columns = sql.SQL(", ").join(map(sql.Identifier, ("group_id", *rows[0])))
    with conn.transaction():
        begin_request(conn, "member", request_claims("member", SUBJECT, {GROUP: "member"}))
        before = seconds_of(conn.info.backend_pid)
        conn.execute(
            sql.SQL(
                "insert into api.samples ({0}) select {0}"
                " from json_populate_recordset(null::api.samples, %s)"
            ).format(columns),
            [body],
        )
    return seconds_of(conn.info.backend_pid) - before


def create(conn: psycopg.Connection, rows: list[Row]) -> float:
    """Measure the processor seconds of one create_samples."""
    body = Json([{key: row[key] for key in row if key != "pathogen_id"} for row in rows])
    with conn.transaction():
        begin_request(conn, "member", request_claims("member", SUBJECT, {GROUP: "member"}))
        before = seconds_of(conn.info.backend_pid)
        conn.execute("select api.create_samples(%s, 'SC2', %s)", [GROUP, body])
    return seconds_of(conn.info.backend_pid) - before


def insert(conn: psycopg.Connection, rows: list[Row]) -> float:
    """Measure the processor seconds of one INSERT into the table."""
    columns = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
    before = seconds_of(conn.info.backend_pid)
    with conn.transaction():
        conn.execute(
            sql.SQL(
                "insert into aspen.samples (group_id, {0}) select %s, {0}"
                " from json_populate_recordset(null::aspen.samples, %s)"
            ).format(columns),
            [GROUP, Json(rows)],
        )
    return seconds_of(conn.info.backend_pid) - before

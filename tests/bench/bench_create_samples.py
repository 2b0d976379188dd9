"""10,000 samples with genomes by create_samples, against COPY of the same rows."""

from __future__ import annotations

import http.client
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from psycopg.types.json import Json

from control.database import begin_request, request_claims
from control.errors import ControlError
from tests.bench.import_group import GROUP, SUBJECT, empty, import_database, location_of
from tests.bench.load import Service
from tests.bench.processes import peak_mib, seconds_of, seconds_used
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

SAMPLES, LETTERS = 10_000, 30_000
ROUNDS = 3
# As the function itself says; PostgREST applies it before the call.
TIMEOUT = "120s"
BLOCK = 1 << 20


@dataclass(frozen=True)
class Batch:
    """The same samples in the form each side takes, made before the measurement."""

    body: bytes
    samples: bytes
    sequences: bytes


def run(bench: Bench, report: Report) -> None:
    """Store the same batch both ways in turn, each time into empty tables."""
    report.title(f"create_samples: {SAMPLES:,} samples with {LETTERS:,} bases each")
    database = import_database(bench)
    batch = make_batch(location_of(bench, database))
    by_function, by_copy = [], []
    with (
        bench.connect("authenticator", database) as api,
        bench.connect("control", database) as control,
    ):
        for _ in range(ROUNDS):
            empty(bench, database)
            by_function.append(create(api, batch))
            empty(bench, database)
            by_copy.append(copy(control, batch))
    sides = (
        Side("create_samples", tuple(by_function), "s"),
        Side("COPY, the same triggers", tuple(by_copy), "s"),
    )
    report.sides(sides)
    report.ratio("create_samples by COPY", *sides, at_most(2))
    empty(bench, database)
    with bench.postgrest(database) as service:
        seconds = post(service, bench.token(SUBJECT, {GROUP: "member"}), batch)
        report.note(
            f"over HTTP, for information: {seconds:.1f} s of processor time for"
            f" {len(batch.body) / 1e6:,.0f} MB,"
            f" PostgREST's memory peaks at {peak_mib(service.pids[0]):,.0f} MiB"
        )
    empty(bench, database)


def make_batch(location: int) -> Batch:
    """Make genomes that differ, with a stretch of N each, as real ones have."""
    numbers = random.Random(1)
    roots = ["".join(numbers.choices("ACGT", k=LETTERS)) for _ in range(20)]
    samples = []
    for number in range(SAMPLES):
        root, start = roots[number % len(roots)], numbers.randrange(LETTERS - 400)
        samples.append(
            {
                "private_identifier": f"LAB-{number}",
                "public_identifier": f"hCoV-19/France/BENCH-{number}/2024",
                "collection_date": "2024-01-01",
                "location_id": location,
                "organism": "Severe acute respiratory syndrome coronavirus 2",
                "sequence": root[:start] + "N" * 300 + root[start + 300 :],
            }
        )
    columns = ("private_identifier", "public_identifier", "collection_date", "location_id")
    return Batch(
        json.dumps(samples).encode(),
        copy_text(
            (key, GROUP, 1, 1, *(sample[column] for column in columns), sample["organism"])
            for key, sample in enumerate(samples, start=1)
        ),
        copy_text((GROUP, key, sample["sequence"]) for key, sample in enumerate(samples, start=1)),
    )


def copy_text(rows: Iterable[tuple[object, ...]]) -> bytes:
    """Return rows in COPY's text format; nothing here needs escaping."""
    return "".join("\t".join(map(str, row)) + "\n" for row in rows).encode()


def create(conn: psycopg.Connection, batch: Batch) -> float:
    """Measure the processor seconds of one request as PostgREST would run it."""
    before = seconds_of(conn.info.backend_pid)
    with conn.transaction():
        conn.execute(
            "select set_config('request.method', 'POST', true),"
            " set_config('request.path', '/rpc/create_samples', true),"
            " set_config('request.headers', %s, true)",
            [json.dumps({"content-length": str(len(batch.body))})],
        )
        begin_request(conn, "member", request_claims("member", SUBJECT, {GROUP: "member"}))
        conn.execute(f"set local statement_timeout = '{TIMEOUT}'".encode())
        # Of type json, like the parameter of PostgREST.
        samples = Json(batch.body, dumps=bytes)
        conn.execute("select api.create_samples(%s, 'SC2', %s)", [GROUP, samples])
    return seconds_of(conn.info.backend_pid) - before


def copy(conn: psycopg.Connection, batch: Batch) -> float:
    """Measure the processor seconds of COPY into both tables in one transaction."""
    before = seconds_of(conn.info.backend_pid)
    with conn.transaction(), conn.cursor() as cursor:
        for table, rows in (
            (
                "samples (id, group_id, pathogen_id, uploaded_by_id, private_identifier,"
                " public_identifier, collection_date, location_id, organism)",
                batch.samples,
            ),
            ("sequences (group_id, sample_id, sequence)", batch.sequences),
        ):
            with cursor.copy(f"copy aspen.{table} from stdin".encode()) as into:
                for start in range(0, len(rows), BLOCK):
                    into.write(rows[start : start + BLOCK])
    return seconds_of(conn.info.backend_pid) - before


def post(service: Service, token: str, batch: Batch) -> float:
    """Measure the processor seconds that both servers need for the same request by a client."""
    body = b'{"group_id": %d, "pathogen": "SC2", "samples": %b}' % (GROUP, batch.body)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=300)
    before = seconds_used(service.pids)
    connection.request("POST", "/rpc/create_samples", body, headers)
    response = connection.getresponse()
    answer = response.read()
    seconds = seconds_used(service.pids) - before
    connection.close()
    if response.status != 200:
        raise ControlError(f"create_samples over HTTP: {response.status}", answer[:300].decode())
    return seconds

"""FASTA of short and of long genomes: the same time per base.

An aggregate over text would take ever more.
"""

from __future__ import annotations

import urllib.request

import psycopg

from tests.bench.import_group import GROUP, SUBJECT, empty, import_database, location_of
from tests.bench.load import Service
from tests.bench.processes import seconds_used
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

GENOMES = 1000
FEW, MANY = 30_000, 90_000
ROUNDS = 5


def run(bench: Bench, report: Report) -> None:
    """Download both in turn, from one group each."""
    report.title(f"fasta: {GENOMES:,} genomes of {FEW:,} and of {MANY:,} bases")
    database = import_database(bench)
    location = location_of(bench, database)
    empty(bench, database)
    with bench.connect("control", database) as conn:
        for length in (FEW, MANY):
            store(conn, location, length)
    token = bench.token(SUBJECT, {GROUP: "member"})
    rounds: dict[int, list[float]] = {FEW: [], MANY: []}
    with bench.postgrest(database) as service:
        for _ in range(ROUNDS):
            for length, done in rounds.items():
                done.append(download(service, token, length))
    empty(bench, database)
    few, many = (
        Side(f"{length:,} bases each", tuple(done), "ms per MB") for length, done in rounds.items()
    )
    report.sides([few, many])
    report.ratio("FASTA, three times the bases, time per base", many, few, at_most(2))


def store(conn: psycopg.Connection, location: int, length: int) -> None:
    """Store genomes whose samples are named by their length."""
    conn.execute(
        "with samples as ("
        " insert into aspen.samples (group_id, pathogen_id, location_id, private_identifier,"
        " public_identifier, collection_date)"
        " select %(group)s, 1, %(location)s, names.name, names.name, '2024-01-01'"
        " from generate_series(1, %(genomes)s) as numbers (number)"
        " cross join lateral (values (%(length)s || '-' || numbers.number)) as names (name)"
        " returning group_id, id)"
        " insert into aspen.sequences (group_id, sample_id, sequence)"
        " select group_id, id, repeat('ACGT', %(length)s / 4) from samples",
        {"group": GROUP, "location": location, "length": length, "genomes": GENOMES},
    )


def store_random(
    conn: psycopg.Connection, location: int, length: int, genomes: int, after: int = 0
) -> None:
    """Store genomes that no compression makes smaller than those of a virus, named by number."""
    conn.execute(
        "with samples as ("
        " insert into aspen.samples (group_id, pathogen_id, location_id, private_identifier,"
        " public_identifier, collection_date)"
        " select %(group)s, 1, %(location)s, number, number, '2024-01-01'"
        " from generate_series(%(first)s::integer, %(genomes)s) as number"
        " returning group_id, id)"
        " insert into aspen.sequences (group_id, sample_id, sequence)"
        " select samples.group_id, samples.id, ("
        " select left(string_agg(translate(md5(samples.id || '-' || parts.number),"
        " '0123456789abcdef', 'ACGTACGTACGTACGT'), ''), %(length)s)"
        " from generate_series(1, %(length)s / 32 + 1) as parts (number))"
        " from samples",
        {
            "group": GROUP,
            "location": location,
            "length": length,
            "first": after + 1,
            "genomes": genomes,
        },
    )


def download(service: Service, token: str, length: int) -> float:
    """Measure milliseconds of processor time per megabyte of all genomes of a length."""
    request = urllib.request.Request(
        f"{service.url}/sequences?num_unambiguous_sites=eq.{length}",
        headers={"Authorization": f"Bearer {token}", "Accept": "text/x-fasta"},
    )
    before = seconds_used(service.pids)
    with urllib.request.urlopen(request) as response:
        size = len(response.read())
    taken = seconds_used(service.pids) - before
    assert size > GENOMES * length, f"only {size} bytes came"
    return taken * 1000 / (size / 1e6)

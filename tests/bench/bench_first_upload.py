"""A group's first samples: the last thousand as fast as the first, whatever the statistics say."""

from __future__ import annotations

import psycopg
from psycopg.types.json import Json

from control.database import begin_request, request_claims
from control.stack.state import SUPERUSER
from tests.bench.bench_list import LARGE
from tests.bench.import_group import GROUP, SUBJECT, empty, import_database, location_of
from tests.bench.processes import seconds_of
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

SAMPLES, THOUSAND, LETTERS = 20_000, 1_000, 1_000
ROUNDS = 3
# One of the 1,000 groups of the full database, and its member.
SMALL, MEMBER = 900, "bench|900"


def run(bench: Bench, report: Report) -> None:
    """Store samples in a database that nobody has analysed, and in a full one."""
    report.title(f"first_upload: {SAMPLES:,} samples with {LETTERS:,} bases into a new group")
    fresh, full = import_database(bench), bench.database("large", LARGE)
    location = location_of(bench, fresh)
    rounds: dict[str, list[list[float]]] = {}
    for _ in range(ROUNDS):
        for login in ("authenticator", "control"):
            empty(bench, fresh)
            with bench.connect(login, fresh) as conn:
                done = upload(conn, SUBJECT, GROUP, location)
            rounds.setdefault(f"fresh database, as {login}", []).append(done)
        with bench.connect("control", full) as conn:
            done = upload(conn, MEMBER, SMALL, 1)
        rounds.setdefault("full database", []).append(done)
    empty(bench, fresh)
    with bench.connect(SUPERUSER, full) as conn:
        conn.execute("vacuum aspen.samples, aspen.sequences")
    for name, times in rounds.items():
        last, first = (
            Side(f"{name}, {which} thousand", tuple(done[place] for done in times), "s")
            for which, place in (("last", -1), ("first", 0))
        )
        report.sides([first, last])
        report.ratio(f"{name}, last by first thousand", last, first, at_most(1.2))


def upload(conn: psycopg.Connection, subject: str, group: int, location: int) -> list[float]:
    """Measure the processor seconds of each thousand in one transaction, which is rolled back."""
    seconds = []
    with conn.transaction(force_rollback=True):
        begin_request(conn, "member", request_claims("member", subject, {group: "member"}))
        for first in range(1, SAMPLES + 1, THOUSAND):
            samples = Json([sample(number, location) for number in range(first, first + THOUSAND)])
            before = seconds_of(conn.info.backend_pid)
            conn.execute("select api.create_samples(%s, 'SC2', %s)", [group, samples])
            seconds.append(seconds_of(conn.info.backend_pid) - before)
    return seconds


def sample(number: int, location: int) -> dict[str, object]:
    """Return one with a short genome."""
    return {
        "private_identifier": f"NEW-{number}",
        "public_identifier": f"hCoV-19/France/NEW-{number}/2024",
        "collection_date": "2024-01-01",
        "location_id": location,
        "sequence": "ACGTACGTAC" * (LETTERS // 10),
    }

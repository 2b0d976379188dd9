"""export_sequences at its bound and at a quarter of it: first byte, and memory of both servers.

PostgREST answers from one value, so that memory grows with the answer; the bound keeps it small.
More genomes are several exports, whose memory does not grow with their number.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.bench.bench_fasta import store_random
from tests.bench.import_group import GROUP, SUBJECT, empty, import_database, location_of
from tests.bench.processes import children_of, private_mib, seconds_used
from tests.bench.report import Report, Side, at_most, below
from tests.bench.servers import Bench

LENGTH = 30_000
# The bound of internal.export_sequences.
BOUND = 30_000_000
QUARTER, FULL = BOUND // LENGTH // 4, BOUND // LENGTH
# After the first export PostgREST holds the memory of one that it has not collected yet.
FEW, MANY = 2, 10
ROUNDS = 5
WATCH_SECONDS = 0.002


@dataclass(frozen=True)
class Download:
    """One export, or several, by a PostgREST that has answered nothing of this size before."""

    first_byte_ms: float
    processor_ms_to_first_byte: float
    processor_ms: float
    postgrest_mib: float
    postgres_mib: float


class Memory(threading.Thread):
    """Watches how far the memory of both servers grows."""

    def __init__(self, postgrest: int, postgres: int) -> None:
        super().__init__(daemon=True)
        self._postgrest, self._postgres = postgrest, postgres
        self._before = self._now()
        self.peaks = (0.0, 0.0)
        self._ended = threading.Event()

    def run(self) -> None:
        """Look until told to end."""
        while not self._ended.wait(WATCH_SECONDS):
            grown = [now - before for now, before in zip(self._now(), self._before, strict=True)]
            self.peaks = (max(self.peaks[0], grown[0]), max(self.peaks[1], grown[1]))

    def end(self) -> tuple[float, float]:
        """Return how much more PostgREST and PostgreSQL held at most."""
        self._ended.set()
        self.join()
        return self.peaks

    def _now(self) -> tuple[float, float]:
        backends = children_of(self._postgres)
        return private_mib(self._postgrest), sum(private_mib(backend) for backend in backends)


def run(bench: Bench, report: Report) -> None:
    """Export both in turn."""
    report.title(f"export: {QUARTER:,} and {FULL:,} genomes of {LENGTH:,} bases")
    database = import_database(bench)
    location = location_of(bench, database)
    rounds: dict[int, list[Download]] = {QUARTER: [], FULL: []}
    for genomes, done in rounds.items():
        empty(bench, database)
        with bench.connect("control", database) as conn:
            store_random(conn, location, LENGTH, genomes)
        done += [export(bench, database, genomes) for _ in range(ROUNDS)]
    report_one(report, rounds)
    with bench.connect("control", database) as conn:
        store_random(conn, location, LENGTH, MANY * FULL, after=FULL)
    few, many = (
        [export(bench, database, number * FULL, lists(number)) for _ in range(ROUNDS)]
        for number in (FEW, MANY)
    )
    empty(bench, database)
    report_many(report, few, many)


def lists(number: int) -> list[list[str]]:
    """Return the samples of so many exports at the bound, by name."""
    return [
        [f"{name}" for name in range(first * FULL + 1, (first + 1) * FULL + 1)]
        for first in range(number)
    ]


def report_one(report: Report, rounds: dict[int, list[Download]]) -> None:
    """Report what one export costs."""
    for name, unit in (
        ("first_byte_ms", "ms"),
        ("processor_ms_to_first_byte", "ms"),
        ("processor_ms", "ms"),
        ("postgrest_mib", "MiB"),
        ("postgres_mib", "MiB"),
    ):
        sides = [
            Side(f"{genomes:,} genomes, {name}", tuple(getattr(one, name) for one in done), unit)
            for genomes, done in rounds.items()
        ]
        report.sides(sides)
        if name == "processor_ms_to_first_byte":
            report.bound("work until the first byte of the largest export", sides[1], below(1000))
        elif name.endswith("_mib"):
            report.ratio(f"{name} of four times the bases by that of one", sides[1], sides[0])


def report_many(report: Report, few: list[Download], many: list[Download]) -> None:
    """Report how the cost of exports, one after the other, grows with their number."""
    report.note(f"{MANY * FULL:,} genomes are {MANY} exports, by lists of samples")
    first_bytes = tuple(export.first_byte_ms for export in many)
    report.sides([Side(f"the latest first byte of {MANY}", first_bytes, "ms")])
    for name in ("postgrest_mib", "postgres_mib"):
        of_many, of_few = (
            Side(f"{number} in a row, {name}", tuple(getattr(done, name) for done in runs), "MiB")
            for number, runs in ((MANY, many), (FEW, few))
        )
        report.sides([of_many, of_few])
        report.ratio(f"{name} of {MANY} exports by that of {FEW}", of_many, of_few, at_most(1.2))


def export(
    bench: Bench, database: str, genomes: int, samples: Sequence[Sequence[str]] = ()
) -> Download:
    """Export all genomes of the group: at once, or by lists of samples, one after the other."""
    token = bench.token(SUBJECT, {GROUP: "member"})
    with bench.postgrest(database) as service:
        url = f"{service.url}/rpc/export_sequences"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        whole = {"pathogen": "SC2", "group_id": GROUP}
        requests = [
            urllib.request.Request(
                url, json.dumps(whole | {"samples": listed}).encode(), headers=headers
            )
            for listed in samples
        ] or [urllib.request.Request(f"{url}?{urlencode(whole)}", headers=headers)]
        # Connects and caches what every request needs.
        urllib.request.urlopen(f"{service.url}/rpc/health").read()
        memory = Memory(*service.pids)
        memory.start()
        began = seconds_used(service.pids)
        size, first_byte, used_to_first_byte = 0, 0.0, 0.0
        for request in requests:
            used = seconds_used(service.pids)
            started = time.perf_counter()
            with urllib.request.urlopen(request) as response:
                size += len(response.read(1))
                first_byte = max(first_byte, time.perf_counter() - started)
                used_to_first_byte = max(used_to_first_byte, seconds_used(service.pids) - used)
                while part := response.read(1 << 20):
                    size += len(part)
        used = seconds_used(service.pids) - began
        postgrest, postgres = memory.end()
    assert size > genomes * LENGTH, f"only {size} bytes came"
    return Download(first_byte * 1000, used_to_first_byte * 1000, used * 1000, postgrest, postgres)

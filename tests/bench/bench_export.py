"""export_sequences at its bound and at a quarter of it: first byte, and memory of both servers.

PostgREST answers from one value, so that memory grows with the answer; the bound keeps it small.
"""

from __future__ import annotations

import threading
import time
import urllib.request
from dataclasses import dataclass

from tests.bench.bench_fasta import store_random
from tests.bench.import_group import GROUP, SUBJECT, empty, import_database, location_of
from tests.bench.processes import children_of, private_mib, seconds_used
from tests.bench.report import Report, Side, below
from tests.bench.servers import Bench

LENGTH = 30_000
# The bound of internal.export_sequences.
BOUND = 30_000_000
QUARTER, FULL = BOUND // LENGTH // 4, BOUND // LENGTH
ROUNDS = 5
WATCH_SECONDS = 0.002


@dataclass(frozen=True)
class Download:
    """One export by a PostgREST that has answered nothing of this size before."""

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
    empty(bench, database)
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


def export(bench: Bench, database: str, genomes: int) -> Download:
    """Export all genomes of the group."""
    token = bench.token(SUBJECT, {GROUP: "member"})
    with bench.postgrest(database) as service:
        request = urllib.request.Request(
            f"{service.url}/rpc/export_sequences?pathogen=SC2&group_id={GROUP}",
            headers={"Authorization": f"Bearer {token}"},
        )
        # Connects and caches what every request needs.
        urllib.request.urlopen(f"{service.url}/rpc/health").read()
        memory = Memory(*service.pids)
        memory.start()
        used = seconds_used(service.pids)
        started = time.perf_counter()
        with urllib.request.urlopen(request) as response:
            first = response.read(1)
            first_byte = time.perf_counter() - started
            used_to_first_byte = seconds_used(service.pids) - used
            size = len(first)
            while part := response.read(1 << 20):
                size += len(part)
        used = seconds_used(service.pids) - used
        postgrest, postgres = memory.end()
    assert size > genomes * LENGTH, f"only {size} bytes came"
    return Download(first_byte * 1000, used_to_first_byte * 1000, used * 1000, postgrest, postgres)

"""Rows in and out by `control sample`: processor time per row at 10,000 and at 100,000 rows."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.bench_import import CONTROL, HEADER, WATCH_SECONDS
from tests.bench.import_group import GROUP, SUBJECT, empty, import_database
from tests.bench.processes import peak_mib, seconds_used
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

FEW, MANY = 10_000, 100_000
ROUNDS = 2
WORKS = ("import", "update-public-ids", "export")
GROUP_OF = ("--group", "BENCH", "--pathogen", "SC2")


def run(bench: Bench, report: Report) -> None:
    """Import, rename and export few and many samples in turn."""
    report.title(f"control sample: {FEW:,} and {MANY:,} rows without sequences")
    database = import_database(bench)
    spent: dict[tuple[str, int], list[float]] = {}
    peaks: dict[int, list[float]] = {FEW: [], MANY: []}
    with TemporaryDirectory(dir=bench.settings.data_dir) as name:
        folder = Path(name)
        for size in peaks:
            write_files(folder, size)
        for _ in range(ROUNDS):
            for size in peaks:
                empty(bench, database)
                for work, options in commands(folder, size).items():
                    seconds, peak = measure(bench, database, (work, *options))
                    spent.setdefault((work, size), []).append(1e6 * seconds / size)
                    if work == "export":
                        peaks[size].append(peak)
    empty(bench, database)

    for work in WORKS:
        few, many = (
            Side(f"sample {work}, {size:,} rows", tuple(spent[work, size]), "µs per row")
            for size in peaks
        )
        report.sides([few, many])
        report.ratio(f"processor time per row, {work}, many by few", many, few, at_most(1.3))
    few, many = (
        Side(f"sample export, {size:,} rows, peak memory of control", tuple(found), "MiB")
        for size, found in peaks.items()
    )
    report.sides([few, many])
    report.ratio("memory of an export, many by few", many, few, at_most(1.1))


def write_files(folder: Path, size: int) -> None:
    """Write metadata of made-up samples, and a table of other identifiers."""
    with (
        (folder / f"{size}.csv").open("w") as metadata,
        (folder / f"{size}.ids.csv").open("w") as identifiers,
    ):
        metadata.write(HEADER.replace("\t", ","))
        identifiers.write("private_identifier,public_identifier\n")
        for number in range(1, size + 1):
            strain = f"Country {number % 50}/BENCH-{number}/2021"
            metadata.write(
                f"{strain},2021-{number % 12 + 1:02}-03,Europe,Country {number % 50},"
                f"Division {number % 300},MT{number:06},Bench et al\n"
            )
            identifiers.write(f"{strain},New/{number}/2021\n")


def commands(folder: Path, size: int) -> dict[str, Sequence[str]]:
    """Return what each command is given, in the order in which they run."""
    metadata = ("--metadata", f"{folder / f'{size}.csv'}")
    identifiers = ("--private-to-public-id-mapping", f"{folder / f'{size}.ids.csv'}")
    return {
        "import": (*GROUP_OF, "--user", SUBJECT, *metadata, "--allow-missing-sequences"),
        "update-public-ids": ("--group-id", str(GROUP), *identifiers),
        "export": (*GROUP_OF, "--metadata", f"{folder / 'out.csv'}"),
    }


def measure(bench: Bench, database: str, arguments: Sequence[str]) -> tuple[float, float]:
    """Run a command; return the processor time of it and of PostgreSQL, and its peak memory."""
    environment = {
        "PATH": os.defpath,
        "ASPEN_ROOT": str(bench.settings.root),
        "ASPEN_DATA_DIR": str(bench.settings.data_dir),
        "ASPEN_DATABASE_URL": bench.url("control", database),
    }
    command = [sys.executable, "-c", CONTROL, "sample", *arguments]
    peak = 0.0
    before = seconds_used([bench.postgres_pid]) + _of_children()
    with _process(command, environment) as process:
        while process.poll() is None:
            peak = max(peak, peak_mib(process.pid))
            time.sleep(WATCH_SECONDS)
    return seconds_used([bench.postgres_pid]) + _of_children() - before, peak


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    yield process
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

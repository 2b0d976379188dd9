"""`control sample import`: ten times the genomes in the same memory, and as fast per genome."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from control.errors import ControlError
from control.samples.fasta import write_record
from tests.bench.import_group import SUBJECT, empty, import_database
from tests.bench.processes import peak_mib
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench

FEW, MANY = 1_000, 10_000
ROUNDS = 2
GENOME_LENGTH = 29_900
MUTATIONS = 20
WATCH_SECONDS = 0.02
CONTROL = "from control.cli import main; main()"
HEADER = "strain\tdate\tregion\tcountry\tdivision\tgenbank_accession\tauthors\n"


@dataclass(frozen=True)
class Imported:
    """One import by a process of its own."""

    seconds: float
    peak_mib: float


def run(bench: Bench, report: Report) -> None:
    """Import few and many genomes in turn."""
    report.title(f"import: {FEW:,} and {MANY:,} genomes of {GENOME_LENGTH:,} bases")
    database = import_database(bench)
    rounds: dict[int, list[Imported]] = {FEW: [], MANY: []}
    with TemporaryDirectory(dir=bench.settings.data_dir) as folder:
        for size in rounds:
            write_files(Path(folder), size)
        for _ in range(ROUNDS):
            for size, done in rounds.items():
                empty(bench, database)
                done.append(import_files(bench, database, Path(folder), size))
    empty(bench, database)

    few, many = (
        Side(f"{size:,} genomes, peak memory of control", tuple(d.peak_mib for d in done), "MiB")
        for size, done in rounds.items()
    )
    report.sides([few, many])
    report.ratio("memory, many by few", many, few, at_most(1.2))
    few, many = (
        Side(f"{size:,} genomes", tuple(1000 * d.seconds / size for d in done), "ms per genome")
        for size, done in rounds.items()
    )
    report.sides([few, many])
    report.ratio("time per genome, many by few", many, few)


def write_files(folder: Path, size: int) -> None:
    """Write metadata and sequences of made-up genomes, each a few mutations from the first."""
    numbers = random.Random(size)
    root = "".join(numbers.choices("ACGT", k=GENOME_LENGTH)).encode()
    with (
        (folder / f"{size}.tsv").open("w") as metadata,
        (folder / f"{size}.fasta").open("w") as fasta,
    ):
        metadata.write(HEADER)
        for number in range(1, size + 1):
            genome = bytearray(root)
            for _ in range(MUTATIONS):
                genome[numbers.randrange(GENOME_LENGTH)] = numbers.choice(b"ACGTN")
            strain = f"Country {number % 50}/BENCH-{number}/2021"
            metadata.write(
                f"{strain}\t2021-{number % 12 + 1:02}-03\tEurope\tCountry {number % 50}"
                f"\tDivision {number % 300}\tMT{number:06}\tBench et al\n"
            )
            write_record(fasta, strain, genome.decode())


def import_files(bench: Bench, database: str, folder: Path, size: int) -> Imported:
    """Run `control sample import`, and watch its memory.

    What the kernel says at its end would count that of this process, its parent.
    """
    options = ["--group", "BENCH", "--user", SUBJECT, "--pathogen", "SC2"]
    options += ["--metadata", f"{folder / f'{size}.tsv'}"]
    options += ["--sequences", f"{folder / f'{size}.fasta'}"]
    environment = {
        "PATH": os.defpath,
        "ASPEN_ROOT": str(bench.settings.root),
        "ASPEN_DATA_DIR": str(bench.settings.data_dir),
        "ASPEN_DATABASE_URL": bench.url("control", database),
    }
    command = [sys.executable, "-c", CONTROL, "sample", "import", *options]
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, peak_mib(process.pid))
        time.sleep(WATCH_SECONDS)
    if process.returncode != 0:
        raise ControlError("the import failed", "its reasons are above")
    return Imported(time.monotonic() - started, peak)

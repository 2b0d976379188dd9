"""Registration by COPY, a scan by one command for each job, and memory at ten times the outputs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from control.errors import ControlError
from control.outputs.manifest import NamedFile, Submission
from control.outputs.register import register_outputs
from control.stack.state import SUPERUSER
from control.storage.s3 import S3Uri
from tests.bench.bench_import import CONTROL
from tests.bench.bench_tree import make_tree
from tests.bench.import_group import GROUP, empty, import_database, location_of
from tests.bench.processes import peak_mib
from tests.bench.report import Report, Side, at_least, at_most, below
from tests.bench.servers import Bench
from tests.servers import S3, run_s3

ROWS, TIPS = 100_000, 5_000
FEW, MANY, ALONE = 1_000, 10_000, 10
ROUNDS = 3
WATCH_SECONDS = 0.02
# As many columns, and as much text, as Nextclade 3 writes of a genome.
COLUMNS = (
    "seqName clade Nextclade_pango qc.overallScore qc.overallStatus totalSubstitutions"
    " totalDeletions totalMissing coverage substitutions deletions insertions frameShifts"
    " aaSubstitutions aaDeletions aaInsertions missing nonACGTNs"
    " privateNucMutations.unlabeledSubstitutions failedCdses warnings errors"
).split()
SUBSTITUTIONS = ",".join(f"C{site}T" for site in range(241, 29_000, 600))
AMINO_ACIDS = ",".join(f"S:D{site}G" for site in range(1, 1200, 30))
TAG = json.dumps({"name": "sars-cov-2", "tag": "2024-01-16"})
REPORT = (
    "taxon,lineage,conflict,ambiguity_score,scorpio_call,scorpio_support,version,note\n"
    "{},B,0.0,,,,v1.29,\n"
)
# What the database does with the rows of a report, and nothing else.
COPIES = (
    "copy aspen.sample_qc_metrics (group_id, sample_id, disclosed_at, qc_caller, qc_score,"
    " qc_status, qc_software_version, raw_output) from stdin",
    "copy aspen.sample_mutations (group_id, sample_id, disclosed_at, mutations_caller,"
    " substitutions, insertions, deletions, aa_substitutions, aa_insertions, aa_deletions)"
    " from stdin",
)


def run(bench: Bench, report: Report) -> None:
    """Measure each against the other way to the same rows."""
    database = import_database(bench)
    empty(bench, database)
    with TemporaryDirectory(dir=bench.settings.data_dir) as folder:
        with run_s3(Path(folder), "bench") as s3:
            _nextclade(bench, report, database, s3)
            _tree(bench, report, database, s3)
            _small_jobs(bench, report, database, s3)
    empty(bench, database)


def _nextclade(bench: Bench, report: Report, database: str, s3: S3) -> None:
    report.title(f"outputs: a Nextclade report of {ROWS:,} rows")
    registered, copied = [], []
    for _ in range(ROUNDS):
        samples = add_samples(bench, database, ROWS)
        job = add_jobs(bench, database, "nextclade", samples, 1)[0]
        rows = [nextclade_row(sample) for sample in samples]
        table = "\n".join([";".join(COLUMNS), *(";".join(row.values()) for row in rows), ""])
        put(s3, job, "nextclade.csv", table)
        put(s3, job, "tag.json", TAG)
        put(s3, job, "aligned.fasta", "")
        files = {
            "nextclade_csv": "nextclade.csv",
            "nextclade_tag_json": "tag.json",
            "aligned_fasta": "aligned.fasta",
        }
        registered.append(register(bench, database, s3, job, files))
        empty(bench, database)
        copied.append(copy(bench, database, rows))
        empty(bench, database)
    ours, theirs = Side("registered", tuple(registered), "s"), Side("COPY", tuple(copied), "s")
    report.sides([ours, theirs])
    report.ratio("nextclade report, registered by COPY", ours, theirs, at_most(3))


def _tree(bench: Bench, report: Report, database: str, s3: S3) -> None:
    report.title(f"outputs: a tree of {TIPS:,} tips")
    document = make_tree([f"BENCH-{number}" for number in range(TIPS)])
    seconds = []
    for _ in range(ROUNDS):
        add_samples(bench, database, TIPS)
        job = add_jobs(bench, database, "phylo_run", [], 1)[0]
        put(s3, job, "tree.json", document)
        seconds.append(register(bench, database, s3, job, {"auspice_json": "tree.json"}))
        empty(bench, database)
    side = Side("registered", tuple(1000 * one for one in seconds), "ms")
    report.sides([side])
    report.bound("tree registered", side, below(2000))


def _small_jobs(bench: Bench, report: Report, database: str, s3: S3) -> None:
    report.title(f"outputs: {MANY:,} jobs of one file")
    peaks: dict[str, dict[int, float]] = {"scan": {}, "verify": {}}
    each = {}
    for size in (FEW, MANY):
        samples = add_samples(bench, database, size)
        jobs = add_jobs(bench, database, "pangolin", samples, size)
        submit(s3, dict(zip(jobs, samples, strict=True)))
        if size == FEW:
            alone = [
                command(bench, database, s3, "register", str(job), uri(s3, job))[0]
                for job in jobs[:ALONE]
            ]
        for name in peaks:
            seconds, peaks[name][size] = command(bench, database, s3, name)
            if name == "scan":
                each[size] = seconds / (size if size == MANY else size - ALONE)
        empty(bench, database)
    one = Side("one command each", tuple(1000 * seconds for seconds in alone), "ms per job")
    scan = Side(f"scan of {MANY:,}", (1000 * each[MANY],) * len(alone), "ms per job")
    report.sides([one, scan])
    report.ratio("one command each by scan", one, scan, at_least(5))
    for name, of in peaks.items():
        few, many = (
            Side(f"{name} of {size:,}, peak memory", (of[size],), "MiB") for size in (FEW, MANY)
        )
        report.sides([few, many])
        report.ratio(f"memory of {name}, many by few", many, few, at_most(1.2))


def add_samples(bench: Bench, database: str, count: int) -> list[int]:
    """Create samples with sequences, whose own jobs are deleted."""
    location = location_of(bench, database)
    with bench.connect(SUPERUSER, database) as conn:
        conn.execute("set session_replication_role = replica")
        rows = conn.execute(
            "insert into aspen.samples (group_id, pathogen_id, location_id, private_identifier,"
            " public_identifier, collection_date)"
            " select %s, 1, %s, number, 'hCoV-19/BENCH-' || number, '2024-02-01'"
            " from generate_series(1, %s) as number returning id",
            [GROUP, location, count],
        ).fetchall()
        conn.execute("analyze aspen.samples")
    return [row[0] for row in rows]


def add_jobs(bench: Bench, database: str, kind: str, samples: list[int], count: int) -> list[int]:
    """Create queued jobs that share these samples out evenly."""
    described = "'a', 'TARGETED', '{}'" if kind == "phylo_run" else "null, null, null"
    with bench.connect(SUPERUSER, database) as conn:
        jobs = [
            row[0]
            for row in conn.execute(
                "insert into aspen.jobs (group_id, pathogen_id, kind, name, tree_type,"  # noqa: S608
                f" template_args) select %s, 1, %s, {described}::jsonb"
                " from generate_series(1, %s) returning id".encode(),
                [GROUP, kind, count],
            )
        ]
        conn.execute(
            "insert into aspen.job_samples"
            " (group_id, job_id, sample_group_id, sample_id, public_identifier)"
            " select %s, (%s::bigint[])[1 + (position - 1) %% %s], %s, id, id::text"
            " from unnest(%s::bigint[]) with ordinality as given (id, position)",
            [GROUP, jobs, count, GROUP, samples],
        )
        conn.execute("analyze aspen.jobs, aspen.job_samples")
    return jobs


def nextclade_row(sample: int) -> dict[str, str]:
    """Return what Nextclade writes of a genome."""
    row = dict.fromkeys(COLUMNS, "")
    return row | {
        "seqName": str(sample),
        "clade": "21L",
        "Nextclade_pango": "BA.2",
        "qc.overallScore": "12.5",
        "qc.overallStatus": "good",
        "totalSubstitutions": "48",
        "coverage": "0.99",
        "substitutions": SUBSTITUTIONS,
        "aaSubstitutions": AMINO_ACIDS,
        "missing": "1-54,29837-29903",
    }


def uri(s3: S3, job: int) -> str:
    """Return the address of a job's manifest."""
    return f"s3://{s3.bucket}/jobs/{job}/1/manifest.json"


def put(s3: S3, job: int, name: str, content: str) -> None:
    """Store a file of a job."""
    s3.client.put_object(Bucket=s3.bucket, Key=f"jobs/{job}/1/{name}", Body=content.encode())


def submit(s3: S3, samples: dict[int, int]) -> None:
    """Store report and manifest of each job."""
    files = [{"kind": "lineage_report_csv", "key": "lineage_report.csv"}]
    manifest = {"kind": "pangolin", "attempt": 1, "status": "succeeded", "files": files}

    def one(job: int) -> None:
        put(s3, job, "lineage_report.csv", REPORT.format(samples[job]))
        put(s3, job, "manifest.json", json.dumps(manifest))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one, samples))


def register(bench: Bench, database: str, s3: S3, job: int, files: dict[str, str]) -> float:
    """Return the seconds that registering files takes."""
    named = tuple(
        NamedFile(kind, S3Uri(s3.bucket, f"jobs/{job}/1/{key}")) for kind, key in files.items()
    )
    submission = Submission("bench", named, software_versions={"nextclade": "3.8.2"})
    with bench.connect("control", database) as conn:
        return seconds_of(lambda: register_outputs(conn, s3.client, job, submission))


def copy(bench: Bench, database: str, rows: list[dict[str, str]]) -> float:
    """Return the seconds that COPY of the same rows takes, made ready before."""
    samples = add_samples(bench, database, len(rows))
    with bench.connect("control", database) as conn:
        found = conn.execute("select id, disclosed_at::text from aspen.samples").fetchall()
        disclosed: dict[int, str] = dict(found)
        texts = [
            "".join(
                f"{GROUP}\t{sample}\t{disclosed[sample]}\t{tail(row)}\n"
                for sample, row in zip(samples, rows, strict=True)
            ).encode()
            for tail in (_qc, _mutations)
        ]
        with conn.transaction():
            return seconds_of(lambda: _copy(conn, texts))


def _copy(conn: psycopg.Connection, texts: list[bytes]) -> None:
    with conn.cursor() as cursor:
        for statement, text in zip(COPIES, texts, strict=True):
            with cursor.copy(statement.encode()) as copy:
                copy.write(text)


def _qc(row: dict[str, str]) -> str:
    return f"NEXTCLADE\t12.5\tgood\t3.8.2\t{json.dumps(row)}"


def _mutations(row: dict[str, str]) -> str:
    lists = (row["substitutions"], "", "", row["aaSubstitutions"], "", "")
    return "\t".join(["NEXTCLADE", *(f"{{{one}}}" for one in lists)])


def seconds_of(act: Callable[[], object]) -> float:
    """Return how long something takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def command(bench: Bench, database: str, s3: S3, *args: str) -> tuple[float, float]:
    """Run `control output …` in a process; return its seconds and its peak memory in MiB."""
    environment = (
        os.environ
        | s3.environment
        | {
            "ASPEN_ROOT": str(bench.settings.root),
            "ASPEN_DATABASE_URL": bench.url("control", database),
        }
    )
    started, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(
        [sys.executable, "-c", CONTROL, "output", *args],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None:
        peak = max(peak, peak_mib(process.pid))
        time.sleep(WATCH_SECONDS)
    if process.returncode not in (0, 3):
        raise ControlError(f"control output {args[0]} ended with {process.returncode}")
    return time.perf_counter() - started, peak

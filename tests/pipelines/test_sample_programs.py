"""The programs that call lineages and judge genomes, with stand-ins for pangolin and Nextclade.

A stand-in is called as the real program is and writes what it writes: options that the real one
does not have, and files that it would not find, make it fail.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from control.outputs.arrivals import Handled
from control.outputs.reports import register_reports
from control.storage.credentials import current_credentials, store_credentials
from tests import factories
from tests.http.world import World
from tests.servers import S3, SETTINGS

PANGOLIN = """#!{python}
import argparse, os, pathlib, sys
parser = argparse.ArgumentParser()
parser.add_argument("query", nargs="?")
for option in ("--outdir", "--outfile", "--tempdir", "--threads"):
    parser.add_argument(option)
for option in ("--version", "--all-versions"):
    parser.add_argument(option, action="store_true")
given = parser.parse_args()
if given.version:
    sys.exit(print("pangolin 4.3.1"))
if given.all_versions:
    print("pangolin: 4.3.1\\npangolin-data: 1.29\\nconstellations: v0.1.12\\nscorpio: 0.3.19")
    sys.exit()
forbidden = [name for name in os.environ if "DATABASE" in name or "SECRET" in name]
if {mode!r} == "fails" or forbidden:
    sys.exit(f"no disk left {{forbidden}}")
if {mode!r} == "writes nothing":
    sys.exit()
print("****\\nRunning sequence QC", file=sys.stderr)
taxa = [line[1:].strip() for line in open(given.query) if line.startswith(">")]
rows = ["taxon,lineage,conflict,ambiguity_score,scorpio_call,scorpio_support,scorpio_conflict,"
        "scorpio_notes,version,pangolin_version,scorpio_version,constellation_version,is_designated,"
        "qc_status,qc_notes,note"]
rows += [f"{{taxon}},BA.2.86,0.0,,,,,,PUSHER-v1.29,4.3.1,0.3.19,v0.1.12,False,pass,"
         "Ambiguous_content:0.02,Usher placements: BA.2.86(1/1)" for taxon in taxa]
pathlib.Path(given.outdir, given.outfile).write_text("\\n".join(rows) + "\\n")
"""
NEXTCLADE = """#!{python}
import argparse, csv, json, pathlib, sys
if sys.argv[1] == "--version":
    sys.exit(print("nextclade 3.8.2"))
parser = argparse.ArgumentParser()
commands = parser.add_subparsers(dest="command")
get = commands.add_parser("dataset").add_subparsers().add_parser("get")
get.add_argument("--name", required=True)
get.add_argument("--output-dir", required=True)
run = commands.add_parser("run")
run.add_argument("--retry-reverse-complement", action="store_true")
for option in ("--input-dataset", "--output-csv", "--output-fasta"):
    run.add_argument(option, required=True)
run.add_argument("query")
given = parser.parse_args()
if given.command == "dataset":
    if given.name != "sars-cov-2":
        sys.exit(f"Error: when getting dataset {{given.name}}: no such dataset")
    folder = pathlib.Path(given.output_dir)
    folder.mkdir()
    described = {{
        "pathogen.json": {{"schemaVersion": "3.0.0", "attributes": {{"name": "SARS-CoV-2"}},
                          "version": {{"tag": "2024-01-16--20-31-02Z"}}}},
        "tag.json": {{"name": "sars-cov-2", "tag": "2024-01-16", "reference": {{}}}},
    }}
    if {mode!r} in described:
        (folder / {mode!r}).write_text(json.dumps(described[{mode!r}]))
    sys.exit()
assert pathlib.Path(given.input_dataset).is_dir()
genomes = pathlib.Path(given.query).read_text().split(">")[1:]
columns = ("seqName clade qc.overallScore qc.overallStatus substitutions insertions deletions"
           " aaSubstitutions aaInsertions aaDeletions warnings errors").split()
with open(given.output_csv, "w", newline="") as table, open(given.output_fasta, "w") as aligned:
    rows = csv.DictWriter(table, ["index", *columns], restval="", delimiter=";")
    rows.writeheader()
    for index, genome in enumerate(genomes):
        name, _, sequence = genome.partition("\\n")
        rows.writerow({{"index": index, "seqName": name, "clade": "23I", "qc.overallScore": 4.5,
                       "qc.overallStatus": "good", "substitutions": "C241T,A405G"}})
        aligned.write(f">{{name}}\\n" + sequence.replace("\\n", "").upper()[:20] + "\\n")
"""


class Bench:
    """A job that runs, and the folder of its program."""

    def __init__(self, world: World, s3: S3, folder: Path) -> None:
        self.world = world
        self.s3 = s3
        self.folder = folder
        store_credentials(world.conn, current_credentials(s3.settings, s3.client))

    def job(self, kind: str, dataset: str | None = "sars-cov-2", samples: int = 2) -> int:
        """Store a running job over samples with sequences."""
        pathogen = factories.pathogen(
            self.world.conn, f"P-{dataset}", nextclade_dataset_name=dataset
        )
        job = factories.job(
            self.world.conn, self.world.group, kind, "running", pathogen_id=pathogen
        )
        for _ in range(samples):
            sample = factories.sample(self.world.conn, self.world.group, pathogen_id=pathogen)
            factories.sequence(self.world.conn, sample)
            factories.job_sample(self.world.conn, job, sample)
        return job

    def install(self, name: str, text: str, mode: str = "") -> None:
        """Put a stand-in on the path of the program."""
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(python=sys.executable, mode=mode))
        path.chmod(0o755)

    def run(self, program: str, job: int) -> subprocess.CompletedProcess[str]:
        """Run a program as the worker does."""
        work = self.folder / "work"
        work.mkdir()
        return subprocess.run(
            [sys.executable, SETTINGS.root / f"pipelines/{program}/run.py"],
            cwd=work,
            env={
                "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.defpath}",
                "HOME": str(work),
                "TMPDIR": str(work),
                "ASPEN_API_URL": self.world.api.url,
                "ASPEN_JOB_ID": str(job),
                "ASPEN_JOB_ATTEMPT": "1",
                "ASPEN_JOB_TOKEN": self.world.api.token(f"job|{job}", "job", job_id=job, attempt=1),
                "ASPEN_OUTPUT_PREFIX": f"s3://{self.s3.bucket}/jobs/{job}/1/",
            },
            capture_output=True,
            text=True,
            timeout=100,
        )

    def register(self, job: int) -> Handled:
        """Register what the program submitted."""
        handled = register_reports(self.world.conn, self.s3.client, self.s3.bucket)
        [one] = [one for one in handled if one.job_id == job]
        return one

    def ask(self, statement: str, job: int) -> list[tuple[Any, ...]]:
        """Return rows about a job."""
        return self.world.conn.execute(statement.encode(), [job]).fetchall()


@pytest.fixture
def bench(world: World, s3: S3, tmp_path: Path) -> Bench:
    """Return a bench over the running API and S3."""
    return Bench(world, s3, tmp_path)


LINEAGES = (
    "select lineage, lineage_software_version from aspen.sample_lineages as lineages"
    " inner join aspen.job_samples as inputs on lineages.sample_id = inputs.sample_id"
    " where inputs.job_id = %s"
)
QUALITY = (
    "select qc_score::float, qc_status, tag, length(aligned.sequence)"
    " from aspen.sample_qc_metrics as qc"
    " inner join aspen.reference_datasets as datasets on qc.reference_dataset_id = datasets.id"
    " inner join aspen.aligned_sequences as aligned on qc.sample_id = aligned.sample_id"
    " inner join aspen.job_samples as inputs on qc.sample_id = inputs.sample_id"
    " where inputs.job_id = %s"
)
STATE = "select status, error, software_versions from aspen.jobs where id = %s"


def test_pangolin_job_ends_with_the_lineages_of_its_samples(bench: Bench) -> None:
    """Read sequences by token, upload by link, report; the job's versions are those printed."""
    job = bench.job("pangolin")
    bench.install("pangolin", PANGOLIN)

    done = bench.run("pangolin", job)
    handled = bench.register(job)

    assert (done.returncode, handled.outcome) == (0, "registered"), done.stderr + str(handled)
    versions = {
        "pangolin": "4.3.1",
        "pangolin-data": "1.29",
        "constellations": "v0.1.12",
        "scorpio": "0.3.19",
    }
    assert bench.ask(STATE, job) == [("succeeded", None, versions)]
    assert bench.ask(LINEAGES, job) == [("BA.2.86", "PUSHER-v1.29")] * 2
    assert bench.ask("select kind, key from aspen.job_outputs where job_id = %s", job) == [
        ("lineage_report_csv", f"jobs/{job}/1/lineage_report.csv")
    ]


@pytest.mark.parametrize(
    ("described", "tag"),
    [("pathogen.json", "2024-01-16--20-31-02Z"), ("tag.json", "2024-01-16")],
    ids=["Nextclade 3", "Nextclade 2"],
)
def test_nextclade_job_ends_with_the_quality_of_its_samples(
    bench: Bench, described: str, tag: str
) -> None:
    """Take the dataset of the pathogen, and submit table, dataset and alignment."""
    job = bench.job("nextclade")
    bench.install("nextclade", NEXTCLADE, described)

    done = bench.run("nextclade", job)
    handled = bench.register(job)

    assert (done.returncode, handled.outcome) == (0, "registered"), done.stderr + str(handled)
    assert bench.ask(STATE, job) == [("succeeded", None, {"nextclade": "3.8.2"})]
    assert bench.ask(QUALITY, job) == [(4.5, "good", tag, 20)] * 2


@pytest.mark.parametrize(
    ("program", "mode", "reason"),
    [
        ("pangolin", None, "pangolin is not installed on the worker: install it from bioconda"),
        ("pangolin", "fails", "pangolin ended with exit code 1: no disk left []"),
        ("pangolin", "writes nothing", "pangolin ended without writing lineage_report.csv"),
        ("nextclade", None, "nextclade is not installed on the worker: install it from bioconda"),
        ("nextclade", "", "the dataset sars-cov-2 has neither pathogen.json nor tag.json"),
    ],
)
def test_program_that_cannot_succeed_fails_its_job_with_the_reason(
    bench: Bench, program: str, mode: str | None, reason: str
) -> None:
    """Tell the owner what the worker lacks, or what the tool said last."""
    job = bench.job(program)
    if mode is not None:
        bench.install(program, {"pangolin": PANGOLIN, "nextclade": NEXTCLADE}[program], mode)

    done = bench.run(program, job)
    bench.register(job)

    [(status, error, _)] = bench.ask(STATE, job)
    assert (done.returncode, status) == (0, "failed"), done.stderr
    assert error.startswith(reason)


@pytest.mark.parametrize(
    ("dataset", "reason"),
    [(None, "has no Nextclade dataset: set nextclade_dataset_name"), ("x", "no such dataset")],
)
def test_dataset_that_is_not_there_is_the_reason(
    bench: Bench, dataset: str | None, reason: str
) -> None:
    """Name the setting, or what Nextclade says of the name."""
    job = bench.job("nextclade", dataset)
    bench.install("nextclade", NEXTCLADE, "tag.json")

    bench.run("nextclade", job)
    bench.register(job)

    [(status, error, _)] = bench.ask(STATE, job)
    assert (status, reason in error) == ("failed", True), error


@pytest.mark.parametrize("program", ["pangolin", "nextclade"])
def test_job_whose_sequences_are_gone_says_so(bench: Bench, program: str) -> None:
    """Run no tool on an empty file."""
    job = bench.job(program, samples=0)
    bench.install("pangolin", PANGOLIN)
    bench.install("nextclade", NEXTCLADE, "tag.json")

    bench.run(program, job)
    bench.register(job)

    [(_, error, _)] = bench.ask(STATE, job)
    assert error == "no sample of the job has the sequence it was queued for any more"


def test_program_of_an_earlier_attempt_ends_with_an_error(bench: Bench) -> None:
    """Submit nothing: the attempt is over."""
    job = bench.job("pangolin")
    bench.install("pangolin", PANGOLIN)
    bench.world.conn.execute("update aspen.jobs set attempt = 2 where id = %s", [job])

    done = bench.run("pangolin", job)

    assert done.returncode == 1
    assert "the attempt is over" in done.stderr
    assert bench.ask("select from aspen.job_reports where job_id = %s", job) == []

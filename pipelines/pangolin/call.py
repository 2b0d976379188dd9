"""Call the lineage of every sample of a job; the report names samples by id."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from pipelines import tools
from pipelines.job import Job, JobError

REMEDY = "install it from bioconda, or run this job in the image staphb/pangolin"
REPORT = Path("lineage_report.csv")
# The versions that matter for a lineage, as `pangolin --all-versions` spells them.
VERSIONS = (
    "pangolin",
    "pangolin-data",
    "constellations",
    "scorpio",
    "usher",
    "gofasta",
    "minimap2",
)


def call_lineages(job: Job) -> None:
    """Run pangolin on the sequences of the job, and hand its report in."""
    pangolin = tools.find(["pangolin"], REMEDY)
    versions = read_versions(pangolin)
    genomes = Path("sequences.fasta")
    if not job.sequences(genomes):
        raise JobError("no sample of the job has the sequence it was queued for any more")
    tools.run(
        [
            pangolin,
            genomes,
            "--outdir",
            ".",
            "--outfile",
            REPORT,
            "--tempdir",
            ".",
            "--threads",
            str(os.cpu_count() or 1),
        ]
    )
    if not REPORT.exists():
        raise JobError(f"pangolin ended without writing {REPORT}")
    job.upload(REPORT, "lineage_report_csv")
    job.report(versions)


def read_versions(pangolin: str) -> dict[str, str]:
    """Return the versions of pangolin, its data and what it calls; at least its own."""
    done = subprocess.run(
        [pangolin, "--all-versions"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    found = {}
    for line in done.stdout.decode(errors="replace").splitlines():
        name, _, version = line.replace(":", " ").partition(" ")
        if name in VERSIONS and version.strip():
            found[name] = version.split()[0]
    return {"pangolin": tools.version([pangolin, "--version"])} | found

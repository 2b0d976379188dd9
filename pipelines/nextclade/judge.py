"""Compare the genomes of a job with the reference dataset of their pathogen."""

from __future__ import annotations

from pathlib import Path

from pipelines import tools
from pipelines.job import Job, JobError

REMEDY = "install it from bioconda, or run this job in the image nextstrain/nextclade"
DATASET = Path("dataset")
TABLE = Path("nextclade.csv")
ALIGNMENT = Path("nextclade.aligned.fasta")
# What describes a dataset: of Nextclade 3, and of Nextclade 2.
DESCRIPTIONS = ("pathogen.json", "tag.json")


def judge_genomes(job: Job) -> None:
    """Run Nextclade on the sequences of the job, and hand table, dataset and alignment in."""
    pathogen = job.inputs()["pathogen"]
    name = pathogen["nextclade_dataset_name"]
    if not name:
        raise JobError(f"{pathogen['slug']} has no Nextclade dataset: set nextclade_dataset_name")
    nextclade = tools.find(["nextclade"], REMEDY)
    version = tools.version([nextclade, "--version"])
    genomes = Path("sequences.fasta")
    if not job.sequences(genomes):
        raise JobError("no sample of the job has the sequence it was queued for any more")
    tools.run([nextclade, "dataset", "get", "--name", name, "--output-dir", DATASET])
    tools.run(
        [
            nextclade,
            "run",
            "--input-dataset",
            DATASET,
            "--retry-reverse-complement",
            "--output-csv",
            TABLE,
            "--output-fasta",
            ALIGNMENT,
            genomes,
        ]
    )
    described = next((DATASET / one for one in DESCRIPTIONS if (DATASET / one).exists()), None)
    if described is None:
        raise JobError(f"the dataset {name} has neither {' nor '.join(DESCRIPTIONS)}")
    for path in (TABLE, ALIGNMENT):
        if not path.exists():
            raise JobError(f"nextclade ended without writing {path}")
    job.upload(TABLE, "nextclade_csv")
    job.upload(described, "nextclade_tag_json")
    job.upload(ALIGNMENT, "aligned_fasta")
    job.report({"nextclade": version})

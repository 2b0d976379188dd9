"""Align a data set to the reference of its pathogen, in portions, so that memory stays flat."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pipelines import tools
from pipelines.job import Job, JobError
from pipelines.phylo import genomes
from pipelines.phylo.metadata import tsv_line
from pipelines.phylo.plan import RULES, Rules
from pipelines.repository.download import fetch_source
from pipelines.repository.process import read_table, text_file
from pipelines.unpacking import opened

PORTION = 2_000
GUIDE = "guide-of-the-alignment"
NEARLY_COMPLETE = 0.99
SEQUENCES, METADATA = Path("aligned_sequences"), Path("aligned_metadata")
_REMEDY = "apt-get install mafft, or use the image of pipelines/phylo/Dockerfile"

Record = tuple[str, bytes]


def align(job: Job) -> None:
    """Write the alignment and the metadata of what is in it, and hand them in."""
    inputs = job.inputs()
    data_set, arguments = inputs["data_set"], inputs["arguments"] or {}
    if data_set is None:
        raise JobError("the data set of the job was deleted: download it again")
    sequences, metadata = Path("processed_sequences"), Path("processed_metadata")
    rules = RULES.get(inputs["pathogen"]["slug"], Rules())
    versions = tools.own_versions()
    mafft = None
    if not arguments.get("is_aligned"):
        mafft = tools.find(["mafft"], _REMEDY)
        versions["mafft"] = tools.version([mafft, "--version"])
    job.download(data_set["sequences_url"], sequences)
    job.download(data_set["metadata_url"], metadata)
    if mafft is None:
        records = checked(sequences)
    else:
        records = aligned(mafft, sequences, reference_of(arguments.get("reference_url"), sequences))
    names = set[int]()
    with gzip.open(SEQUENCES, "wb", compresslevel=6) as file:
        for name, bases in records:
            names.add(hash(name))
            file.write(b">%s\n%s\n" % (name.encode(), bases))
    if not names:
        raise JobError("the data set has no sequences")
    key = "accession" if rules.layout == "genbank" else "strain"
    keep_rows(metadata, METADATA, key, names)
    job.upload(SEQUENCES, SEQUENCES.name)
    job.upload(METADATA, METADATA.name)
    job.report(versions)


def checked(path: Path) -> Iterator[Record]:
    """Yield the sequences of a file that its repository aligned: all of one length."""
    length = None
    for name, bases in genomes.read(path):
        length = length or len(bases)
        if len(bases) != length:
            raise JobError(
                f"the source is no alignment: {name} has {len(bases)} bases, and others {length}"
            )
        yield name, bases


def reference_of(url: str | None, sequences: Path) -> bytes:
    """Return what all are aligned to: the reference that is named, or a nearly complete genome."""
    if url is not None:
        path = Path("reference.fasta")
        fetch_source(url, path, "reference")
        _, bases = next(iter(genomes.read(path)), ("", b""))
        if not genomes.unambiguous(bases):
            raise JobError("the reference has no sequence")
        return genomes.guide(bases)
    best = b""
    for _, bases in genomes.read(sequences):
        if genomes.unambiguous(bases) > genomes.unambiguous(best):
            best = bases.replace(b"-", b"")
        if best and genomes.unambiguous(best) >= NEARLY_COMPLETE * len(best):
            break
    return best


def aligned(mafft: str, sequences: Path, reference: bytes) -> Iterator[Record]:
    """Yield every sequence with the length of the reference; insertions are dropped."""
    guide, portion, result = Path("guide.fasta"), Path("portion.fasta"), Path("result.fasta")
    genomes.write(guide, [(GUIDE, reference)])
    records = ((name, bases.replace(b"-", b"")) for name, bases in genomes.read(sequences))
    while genomes.write(portion, islice(records, PORTION)):
        with result.open("wb") as file:
            tools.run(
                [
                    mafft, "--quiet", "--thread", str(os.cpu_count() or 1), "--6merpair",
                    "--keeplength", "--addfragments", portion, guide,
                ],
                output=file,
            )  # fmt: skip
        yield from (record for record in genomes.read(result) if record[0] != GUIDE)


def keep_rows(source: Path, target: Path, key: str, names: set[int]) -> None:
    """Write the metadata of what was aligned."""
    with opened(source) as file, text_file(target) as table:
        rows = read_table(file)
        columns = [*next(rows)]
        table.write(tsv_line(columns))
        for row in rows:
            if hash(row[key]) in names:
                table.write(tsv_line(row.values()))

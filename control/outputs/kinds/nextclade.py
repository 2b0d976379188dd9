"""Register the table, dataset and aligned FASTA of nextclade jobs, of Nextclade 2 and 3."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg

from control.errors import ControlError
from control.jobs.states import Job
from control.outputs.formats.aligned_fasta import read_alignments
from control.outputs.formats.json_values import MalformedJson, read_json
from control.outputs.formats.text_lines import Row, check_texts, read_table
from control.outputs.job_files import JobFiles, ObjectFile
from control.outputs.kinds import Stored
from control.outputs.malformed import Malformed, unprintable
from control.outputs.manifest import Submission
from control.outputs.results import as_jsonb, copy_rows, hold_samples, number, summarise
from control.outputs.taxa import Taxa, job_inputs
from control.queries import run_query

FILES = ("nextclade_csv", "nextclade_tag_json", "aligned_fasta")
# Phenotypes make some pathogen.json files large: 250 kB for SARS-CoV-2.
LARGEST_DATASET_BYTES = 4 << 20
# For nextclade.csv and nextclade.tsv.
DELIMITERS = ";\t"
MUTATIONS = (
    "substitutions",
    "insertions",
    "deletions",
    "aaSubstitutions",
    "aaInsertions",
    "aaDeletions",
)
# Columns stored unchanged; the dataset decides which of the first two is the lineage.
TEXTS = ("lineage", "clade", *MUTATIONS)
REQUIRED = (
    "seqName",
    "clade",
    "qc.overallScore",
    "qc.overallStatus",
    *MUTATIONS,
    "warnings",
    "errors",
)
QC_COLUMNS = (
    "sample_id",
    "qc_score",
    "qc_status",
    "raw_output",
    "substitutions",
    "insertions",
    "deletions",
    "aa_substitutions",
    "aa_insertions",
    "aa_deletions",
)
STATUSES = ("good", "mediocre", "bad")
_PLAIN_NAMES = re.compile("[A-Za-z0-9:*.+-]+(?:,[A-Za-z0-9:*.+-]+)*")


def register(conn: psycopg.Connection, job: Job, files: JobFiles, submission: Submission) -> Stored:
    """Store the QC, mutations, lineages and alignments of these files for the job's samples."""
    version = submission.software_versions.get("nextclade")
    if version is None:
        raise ControlError(
            "the version of Nextclade is not given, and its files do not contain it",
            "give it: software_versions.nextclade in the manifest, or --software nextclade=VERSION",
        )
    inputs = job_inputs(conn, job.group_id, job.id)
    run_query(conn, "outputs/stage_results")
    with files.open("nextclade_tag_json") as file:
        dataset = _dataset(file)
    with files.open("nextclade_csv") as file:
        taxa = Taxa(file.name, inputs)
        copy_rows(conn, "staged_qc", QC_COLUMNS, _qc_rows(file, taxa))
    taxa.check(conn)
    with files.open("aligned_fasta") as file:
        rows = read_alignments(file, taxa.seen)
        copy_rows(conn, "staged_alignments", ("sample_id", "sequence"), rows)

    values = {
        "software_version": version,
        "reference_dataset_id": _dataset_id(conn, dataset),
        "lineage_type": "NEXTCLADE",
    }
    held = hold_samples(conn, job)
    written = {
        "sample_qc_metrics": run_query(conn, "outputs/store_qc", values),
        "sample_mutations": run_query(conn, "outputs/store_mutations", values),
    }
    if job.lineage_caller != "PANGOLIN":
        run_query(conn, "outputs/stage_called_lineages", values)
        written["sample_lineages"] = run_query(conn, "outputs/store_lineages", values)
        run_query(conn, "outputs/drop_uncalled_lineages")
    written["aligned_sequences"] = run_query(conn, "outputs/store_alignments", values)
    run_query(conn, "outputs/drop_missing_alignments")
    unaligned = conn.execute(
        "select sample_id from staged_qc where qc_status <> 'invalid'"
        " except select sample_id from staged_alignments"
    )
    results = summarise(written, inputs, taxa, held, unaligned=(row[0] for row in unaligned))
    return Stored(results=results)


def _qc_rows(file: ObjectFile, taxa: Taxa) -> Iterator[tuple[Any, ...]]:
    for row in read_table(file, DELIMITERS, REQUIRED):
        sample_id = taxa.admit(row.values["seqName"], row.line)
        check_texts(file, row, TEXTS)
        score, status = _quality(file, row)
        yield (
            sample_id,
            score,
            status,
            as_jsonb(row.values),
            *(_names(row.values[column]) for column in MUTATIONS),
        )


def _quality(file: ObjectFile, row: Row) -> tuple[float | None, str]:
    """Return score and status; a genome that Nextclade could not analyse has no score."""
    score_text = row.values["qc.overallScore"]
    if row.values["errors"] or (row.values["warnings"] and not score_text):
        return None, "invalid"
    try:
        score = number(score_text)
    except ValueError:
        score = None
    if score is None:
        reason = f"qc.overallScore is {score_text[:100]!r}, not a number from 0"
        raise Malformed(file.name, row.line, reason)
    status = row.values["qc.overallStatus"]
    if status not in STATUSES:
        reason = f"qc.overallStatus is {status[:100]!r}, not one of {', '.join(STATUSES)}"
        raise Malformed(file.name, row.line, reason)
    return score, status


def _names(text: str) -> str | list[str]:
    """Return a list for COPY: as PostgreSQL writes it if it needs no quotes, which is quicker."""
    if not text or (_PLAIN_NAMES.fullmatch(text) and "null" not in text.lower()):
        return f"{{{text}}}"
    return text.split(",")


def _dataset(file: ObjectFile) -> dict[str, str | None]:
    """Return name, accession and tag of the dataset that the genomes were compared with."""
    content = file.content.read(LARGEST_DATASET_BYTES + 1)
    if len(content) > LARGEST_DATASET_BYTES:
        raise Malformed(file.name, None, f"is larger than {LARGEST_DATASET_BYTES} bytes")
    try:
        document = read_json(content)
    except MalformedJson as error:
        raise Malformed(file.name, error.position, error.reason) from error
    if isinstance(document, dict) and "name" not in document and "schemaVersion" in document:
        return _pathogen(file, document)
    reference = document.get("reference") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(reference, dict | None):
        raise Malformed(file.name, None, "must be an object, and so must its reference")
    return {
        "name": _said(file, "name", document.get("name"), is_required=True),
        "accession": _said(file, "reference.accession", (reference or {}).get("accession")),
        "tag": _said(file, "tag", document.get("tag")),
    }


def _pathogen(file: ObjectFile, document: Mapping[str, Any]) -> dict[str, str | None]:
    """Read the dataset from Nextclade 3's pathogen.json; an unreleased dataset has no tag."""
    attributes, version = (document.get(key) or {} for key in ("attributes", "version"))
    if not isinstance(attributes, dict) or not isinstance(version, dict):
        raise Malformed(file.name, None, "its attributes and its version must be objects")
    name, accession = (attributes.get(key) for key in ("name", "reference accession"))
    return {
        "name": _said(file, "attributes.name", name, is_required=True),
        "accession": _said(file, "attributes.reference accession", accession),
        "tag": _said(file, "version.tag", version.get("tag")),
    }


def _said(file: ObjectFile, name: str, value: Any, *, is_required: bool = False) -> str | None:
    if isinstance(value, str) and value:
        if problem := unprintable(value):
            raise Malformed(file.name, None, f"{name} is {problem}")
        return value
    if value in (None, "") and not is_required:
        return None
    raise Malformed(file.name, None, f"{name} must be a non-empty string")


def _dataset_id(conn: psycopg.Connection, dataset: Mapping[str, str | None]) -> int:
    conn.execute(
        "insert into aspen.reference_datasets (name, accession, tag)"
        " values (%(name)s, %(accession)s, %(tag)s) on conflict do nothing",
        dataset,
    )
    row = conn.execute(
        "select id from aspen.reference_datasets where name = %(name)s"
        " and accession is not distinct from %(accession)s and tag is not distinct from %(tag)s",
        dataset,
    ).fetchone()
    assert row is not None
    return int(row[0])

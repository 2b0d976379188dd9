"""Register lineage_report.csv of pangolin jobs: one row per sample, taxon = sample id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

import psycopg

from control.jobs.states import Job
from control.outputs.formats.text_lines import Row, check_texts, read_table
from control.outputs.job_files import JobFiles, ObjectFile
from control.outputs.kinds import Stored
from control.outputs.malformed import Malformed
from control.outputs.manifest import Submission
from control.outputs.results import as_jsonb, copy_rows, hold_samples, number, summarise
from control.outputs.taxa import Taxa, job_inputs
from control.queries import run_query

FILES = ("lineage_report_csv",)
REQUIRED = (
    "taxon",
    "lineage",
    "ambiguity_score",
    "scorpio_call",
    "scorpio_support",
    "version",
    "note",
)
COLUMNS = (
    "sample_id",
    "lineage",
    "failure",
    "software_version",
    "probability",
    "scorpio_call",
    "scorpio_support",
    "raw_output",
)
# Columns stored unchanged.
TEXTS = ("lineage", "version", "scorpio_call")
# The lineages that stand for "not assigned": in pangolin 4, and in versions before.
UNASSIGNED = ("unassigned", "none")
# The columns that say that no lineage was tried, by version.
STATUSES = ("qc_status", "status")
# The columns that say why, the most informative first.
REASONS = ("qc_notes", "note", "scorpio_notes")
LONGEST_FAILURE = 1000
# Optional columns with the versions of the software.
VERSIONS = {
    "pangolin": "pangolin_version",
    "scorpio": "scorpio_version",
    "constellations": "constellation_version",
}


def register(
    conn: psycopg.Connection, job: Job, files: JobFiles, _submission: Submission
) -> Stored:
    """Store the lineages of a report for the job's samples."""
    inputs = job_inputs(conn, job.group_id, job.id)
    run_query(conn, "outputs/stage_results")
    with files.open("lineage_report_csv") as file:
        taxa = Taxa(file.name, inputs)
        table = read_table(file, ",", REQUIRED)
        # The first row names the software for all rows.
        first = [*islice(table, 1)]
        versions = _versions(file, first[0]) if first else {}
        copy_rows(conn, "staged_lineages", COLUMNS, _rows(file, taxa, chain(first, table)))
    taxa.check(conn)
    held = hold_samples(conn, job)
    values = {"lineage_type": "PANGOLIN", "reference_dataset_id": None}
    written = {"sample_lineages": run_query(conn, "outputs/store_lineages", values)}
    unplaced = conn.execute(
        "select staged.sample_id from staged_lineages as staged"
        " inner join held_samples as held on staged.sample_id = held.id"
        " where staged.failure is not null"
    )
    results = summarise(written, inputs, taxa, held, unplaced=(row[0] for row in unplaced))
    return Stored(results=results, software_versions=versions)


def _versions(file: ObjectFile, row: Row) -> dict[str, str]:
    check_texts(file, row, VERSIONS.values())
    found = {name: row.values.get(column) for name, column in VERSIONS.items()}
    return {name: version for name, version in found.items() if version}


def _rows(file: ObjectFile, taxa: Taxa, rows: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        check_texts(file, row, TEXTS)
        sample_id = taxa.admit(row.values["taxon"], row.line)
        failure = _failure(file, row)
        yield (
            sample_id,
            _text(file, row, "lineage") if failure is None else None,
            failure,
            _text(file, row, "version"),
            _probability(file, row) if failure is None else None,
            row.values["scorpio_call"] or None,
            _fraction(file, row, "scorpio_support"),
            as_jsonb({column: value for column, value in row.values.items() if value}),
        )


def _failure(file: ObjectFile, row: Row) -> str | None:
    """Return why a genome has no lineage, in pangolin's words; None if it has one."""
    failed = any(row.values.get(column, "").lower() == "fail" for column in STATUSES)
    if not failed and row.values["lineage"].strip().lower() not in UNASSIGNED:
        return None
    check_texts(file, row, (column for column in REASONS if column in row.values))
    reasons = (row.values.get(column, "").strip() for column in REASONS)
    return next((reason for reason in reasons if reason), "no lineage was assigned")[
        :LONGEST_FAILURE
    ]


def _probability(file: ObjectFile, row: Row) -> int | None:
    """Return the probability in percent; a genome among the designated ones is certain."""
    score = _fraction(file, row, "ambiguity_score")
    if score is not None:
        return round(score * 100)
    return 100 if "designation hash" in row.values["note"] else None


def _fraction(file: ObjectFile, row: Row, column: str) -> float | None:
    try:
        return number(row.values[column], at_most=1)
    except ValueError as error:
        reason = f"{column} is {row.values[column][:100]!r}, not a number from 0 to 1"
        raise Malformed(file.name, row.line, reason) from error


def _text(file: ObjectFile, row: Row, column: str) -> str:
    value = row.values[column]
    if not value:
        raise Malformed(file.name, row.line, f"{column} is empty")
    return value

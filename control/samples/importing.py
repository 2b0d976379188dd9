"""Import samples and their sequences from files: everything or nothing, in one transaction.

Sequences stream from the FASTA file in batches through api.create_samples, as the user, so that the
rules are those of the API. After a problem the import continues only to find all other problems.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import psycopg

from control.database import acting_as, as_control
from control.errors import ControlError
from control.input_files import InputFile, open_input
from control.people.groups import Group
from control.queries import query
from control.reference.locations import Location, ensure_locations
from control.samples.fasta import Record, read_records
from control.samples.metadata import (
    ACCESSION_COLUMNS,
    LEVELS,
    Metadata,
    Problem,
    SampleRow,
    StrainPrefix,
    change_identifiers,
)
from control.samples.sequence_names import SequenceNames, read_prefixes, without_prefix

OnConflict = Literal["error", "skip", "update"]

ROLE = "member"
# Small enough to stay flat in memory, here and in the database; large enough to cost little.
BATCH_SAMPLES = 200
BATCH_BASES = 8_000_000
# A FASTA file may hold a million sequences that the metadata does not name.
NAMED = 20
# Columns of a row that are about its sequence.
OF_A_SEQUENCE = ("sequencing_date", "sequencing_depth")
NO_SEQUENCES = "give a FASTA file, or leave --sequences out to import samples without"


@dataclass(frozen=True)
class Target:
    """The group and pathogen of the samples, and the user who imports them."""

    group: Group
    subject: str
    pathogen: str
    on_conflict: OnConflict = "error"
    # Whether identifiers keep the prefix of a repository, as in hCoV-19/USA/X-1/2021.
    strain_prefix: StrainPrefix = "keep"


@dataclass
class ImportReport:
    """What an import did, or would do in a dry run; with problems nothing is stored."""

    total: int
    problems: list[Problem]
    created: int = 0
    updated: int = 0
    skipped: int = 0
    sequences: int = 0
    accessions: int = 0
    new_locations: int = 0
    unused_sequences: int = 0
    unused_names: list[str] = field(default_factory=list)
    # Samples without a sequence, where that is allowed.
    without_sequence: int = 0
    without_sequence_names: list[str] = field(default_factory=list)
    # Sequences found by a part of their header, and the first of them.
    found_by_part: int = 0
    found_by_part_example: list[str] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """Return the number of samples with a problem."""
        return len({problem.strain or problem.line for problem in self.problems})


@dataclass(frozen=True, slots=True)
class _Pair:
    """A usable row and its sequence, if there is one."""

    row: SampleRow
    record: Record | None


@dataclass(frozen=True)
class _Import:
    """One import in progress."""

    conn: psycopg.Connection
    target: Target
    metadata: Metadata
    fasta: InputFile | None
    names: SequenceNames
    location_ids: dict[Location, int]
    report: ImportReport

    def reject_row(self, row: SampleRow, column: str, value: str, reason: str) -> None:
        file = str(self.metadata.path)
        self.report.problems.append(Problem(file, row.line, row.strain, column, value, reason))

    def reject_field(self, row: SampleRow, target: str, value: str, reason: str) -> None:
        """Reject a row for a field of create_samples, under the column and cell of the file."""
        cell = dict(row.written).get(target, value)
        self.reject_row(row, self.metadata.columns.get(target, target), cell, reason)

    def reject_sequence(self, record: Record, reason: str) -> None:
        file = self.fasta.name if self.fasta else ""
        problem = Problem(file, record.line, record.header, "sequence", "", reason)
        self.report.problems.append(problem)


def import_samples(
    conn: psycopg.Connection,
    target: Target,
    metadata: Metadata,
    fasta: Path | None,
    *,
    allow_missing_sequences: bool = False,
    dry_run: bool = False,
    advance: Callable[[int], object] = lambda done: None,
) -> ImportReport:
    """Store all samples of a metadata file with their sequences, or report why none is stored."""
    prefixes = read_prefixes(conn, target.pathogen)
    if target.strain_prefix == "remove":
        metadata = change_identifiers(metadata, lambda name: without_prefix(name, prefixes))
    metadata = _reject_bad_names(conn, metadata)
    report = ImportReport(metadata.total, list(metadata.problems))
    # A pipe is read to its end before the transaction begins.
    with (
        nullcontext() if fasta is None else open_input(fasta) as sequences,
        conn.transaction() as transaction,
    ):
        names = SequenceNames({*metadata.rows, *metadata.rejected}, prefixes)
        _require_repositories(conn, metadata)
        locations = ensure_locations(conn, {row.location for row in metadata.rows.values()})
        report.new_locations = locations.created
        job = _Import(conn, target, metadata, sequences, names, locations.ids, report)
        with acting_as(conn, role=ROLE, subject=target.subject):
            for batch in _batches(_pairs(job, allow_missing_sequences)):
                _import_batch(job, batch)
                advance(len(batch))
        if report.problems or dry_run:
            raise psycopg.Rollback(transaction)
    report.problems.sort(key=lambda problem: (problem.file != str(metadata.path), problem.line))
    return report


def _require_repositories(conn: psycopg.Connection, metadata: Metadata) -> None:
    wanted = {repository for row in metadata.rows.values() for repository, _ in row.accessions}
    known = {name for (name,) in conn.execute("select name from aspen.public_repositories")}
    if unknown := sorted(wanted - known):
        raise ControlError(
            f"the database has no repository {', '.join(unknown)}", "run control load pathogens"
        )


def _reject_bad_names(conn: psycopg.Connection, metadata: Metadata) -> Metadata:
    """Reject rows whose location or accession the tables would reject.

    The import writes these itself; create_samples checks everything else.
    """
    names = {name for row in metadata.rows.values() for _, name in _names(row)}
    found = conn.execute(query("samples/name_problems"), {"names": sorted(names)}).fetchall()
    if not found:
        return metadata
    reasons: dict[str, str] = dict(found)
    problems = [
        Problem(str(metadata.path), row.line, row.strain, column, name, reasons[name])
        for row in metadata.rows.values()
        for column, name in _names(row)
        if name in reasons
    ]
    rejected = metadata.rejected | {problem.strain for problem in problems}
    return replace(
        metadata,
        rows={strain: row for strain, row in metadata.rows.items() if strain not in rejected},
        rejected=rejected,
        problems=(*metadata.problems, *problems),
    )


def _names(row: SampleRow) -> Iterator[tuple[str, str]]:
    """Yield column and name of a row's location and accessions."""
    for column, name in zip(LEVELS, astuple(row.location), strict=True):
        if name is not None:
            yield column, name
    accessions = dict(row.accessions)
    for column, repository in ACCESSION_COLUMNS.items():
        if repository in accessions:
            yield column, accessions[repository]


def _pairs(job: _Import, allow_missing_sequences: bool) -> Iterator[_Pair | Record]:
    """Yield sequences with their rows (alone if the row is rejected), then the other rows."""
    rows = job.metadata.rows
    lines: dict[str, int] = {}
    for given in read_records(job.fasta) if job.fasta else ():
        match job.names.strains_of(given):
            case []:
                job.report.unused_sequences += 1
                if job.report.unused_sequences <= NAMED:
                    job.report.unused_names.append(given.header)
            case [strain]:
                record = replace(given, header=strain)
                if strain in lines:
                    job.reject_sequence(record, f"is given twice, first in line {lines[strain]}")
                    continue
                _note_part(job.report, given, strain)
                lines[strain] = record.line
                yield _Pair(rows[strain], record) if strain in rows else record
            case several:
                job.reject_sequence(given, f"is named like several rows: {', '.join(several)}")
    if job.fasta and not lines and not job.report.problems:
        _refuse_strange_sequences(job, job.fasta)

    for row in rows.values():
        if row.strain in lines:
            continue
        if not allow_missing_sequences:
            job.reject_row(row, "sequence", "", "is missing from the sequences")
            continue
        if job.fasta:
            job.report.without_sequence += 1
            if job.report.without_sequence <= NAMED:
                job.report.without_sequence_names.append(row.strain)
        yield _Pair(row, None)


def _note_part(report: ImportReport, record: Record, strain: str) -> None:
    """Count a sequence whose header neither is its strain nor begins with it."""
    if strain not in (record.header, record.name):
        report.found_by_part += 1
        report.found_by_part_example = report.found_by_part_example or [record.header, strain]


def _refuse_strange_sequences(job: _Import, fasta: InputFile) -> None:
    """Reject a file without a sequence for any row: it belongs to other metadata."""
    if not job.report.unused_sequences:
        raise ControlError(f"{fasta.name} holds no sequences", NO_SEQUENCES)
    first_header, first_row = job.report.unused_names[0], next(iter(job.metadata.rows))
    raise ControlError(
        f"none of the {job.report.unused_sequences} sequences of {fasta.name} is named like a row"
        f" of {job.metadata.path}; the first is {first_header!r}, the first row {first_row!r}",
        "give the sequences of these samples, each named by its strain",
    )


def _batches(pairs: Iterable[_Pair | Record]) -> Iterator[list[_Pair | Record]]:
    batch: list[_Pair | Record] = []
    bases = 0
    for pair in pairs:
        batch.append(pair)
        record = pair.record if isinstance(pair, _Pair) else pair
        bases += len(record.sequence) if record else 0
        if len(batch) == BATCH_SAMPLES or bases >= BATCH_BASES:
            yield batch
            batch, bases = [], 0
    if batch:
        yield batch


def _import_batch(job: _Import, batch: list[_Pair | Record]) -> None:
    """Store the valid samples of a batch, and report what is wrong with the others."""
    items = [pair for pair in batch if isinstance(pair, _Pair)]
    unseen = [pair for pair in batch if isinstance(pair, Record)]
    while items:
        try:
            with job.conn.transaction():
                outcomes = _create_samples(job, items)
        except psycopg.Error as error:
            problems = _problems_by_position(error)
            if not problems:
                raise
            unseen += _reject(job, items, problems)
            items = [item for position, item in enumerate(items) if position not in problems]
        else:
            _count(job.report, items, outcomes)
            _write_accessions(job, items, outcomes)
            break
    _check_sequences(job, unseen)


def _create_samples(job: _Import, items: list[_Pair]) -> list[dict[str, Any]]:
    samples = [
        {
            **_fields_of(job, item),
            "location_id": job.location_ids[item.row.location],
            "sequence": item.record.sequence if item.record else None,
        }
        for item in items
    ]
    arguments = {
        "group_id": job.target.group.id,
        "pathogen": job.target.pathogen,
        "samples": json.dumps(samples),
        "on_conflict": job.target.on_conflict,
    }
    row = job.conn.execute(query("samples/create_samples"), arguments).fetchone()
    return list(row[0]) if row else []


def _fields_of(job: _Import, item: _Pair) -> dict[str, str | tuple[str, ...]]:
    """Return what a row says, without the day and depth of a sequence that is not there."""
    if item.record or job.target.on_conflict == "update":
        return item.row.fields
    return {name: cell for name, cell in item.row.fields.items() if name not in OF_A_SEQUENCE}


def _problems_by_position(error: psycopg.Error) -> dict[int, list[dict[str, str]]]:
    """Return the rows named by an error of create_samples; none for any other error."""
    if error.sqlstate != "PGRST":
        return {}
    found: dict[int, list[dict[str, str]]] = {}
    try:
        details = json.loads(error.diag.message_primary or "{}").get("details")
        problems = json.loads(details) if details else []
    except ValueError:
        # The details of other errors are sentences.
        return {}
    for problem in problems if isinstance(problems, list) else ():
        if isinstance(problem, dict) and "row" in problem:
            found.setdefault(problem["row"] - 1, []).append(problem)
    return found


def _reject(
    job: _Import, items: list[_Pair], problems: dict[int, list[dict[str, str]]]
) -> list[Record]:
    """Record the problems of a batch; return the sequences the database has not checked yet."""
    unseen = []
    for position, found in problems.items():
        item = items[position]
        for problem in found:
            if problem["field"] == "sequence" and item.record:
                job.reject_sequence(item.record, problem["reason"])
            else:
                value = problem.get("value") or ""
                job.reject_field(item.row, problem["field"] or "", value, problem["reason"])
        # The database checks sequences only if nothing else is wrong.
        if item.record and not any(problem["field"] == "sequence" for problem in found):
            unseen.append(item.record)
    return unseen


def _count(report: ImportReport, items: list[_Pair], outcomes: list[dict[str, Any]]) -> None:
    counts = Counter(stored["outcome"] for stored in outcomes)
    report.created += counts["created"]
    report.updated += counts["updated"]
    report.skipped += counts["skipped"]
    report.sequences += sum(
        item.record is not None and stored["outcome"] != "skipped"
        for item, stored in zip(items, outcomes, strict=True)
    )


def _write_accessions(job: _Import, items: list[_Pair], outcomes: list[dict[str, Any]]) -> None:
    written = [
        (stored["id"], repository, accession)
        for item, stored in zip(items, outcomes, strict=True)
        if stored["outcome"] != "skipped"
        for repository, accession in item.row.accessions
    ]
    arguments = {
        "sample_ids": [sample_id for sample_id, _, _ in written],
        "repositories": [repository for _, repository, _ in written],
        "accessions": [accession for _, _, accession in written],
    }
    with as_control(job.conn, back_to=ROLE):
        job.report.accessions += job.conn.execute(
            query("samples/write_accessions"), arguments
        ).rowcount


def _check_sequences(job: _Import, records: list[Record]) -> None:
    """Check the sequences of rejected rows too, so that one run reports every problem."""
    if not records:
        return
    sequences = [record.sequence for record in records]
    with as_control(job.conn, back_to=ROLE):
        rows = job.conn.execute(
            query("samples/sequence_problems"), {"sequences": sequences}
        ).fetchall()
    for position, reason in rows:
        job.reject_sequence(records[position], reason)

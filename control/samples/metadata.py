"""Read Nextstrain's metadata into the arguments of create_samples, and report unusable rows."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from sys import intern
from typing import Literal

from control.cells import described_columns, read_lines, separator_of, split_cells
from control.errors import ControlError
from control.input_files import open_input
from control.reference.locations import Location

IncompleteDates = Literal["reject", "first-day"]
StrainPrefix = Literal["keep", "remove"]
Cells = Mapping[str, str]

STRAIN = "strain"
IDENTIFIERS = ("private_identifier", "public_identifier")
LEVELS = ("region", "country", "division", "location")
# The ways Nextstrain writes "unknown".
MISSING = ("", "?")
# Column → the repository of its accessions.
ACCESSION_COLUMNS = {"genbank_accession": "GenBank", "gisaid_epi_isl": "GISAID"}
LONGEST_ACCESSION = 128
NAMED_LINES = 10
# What a spreadsheet shows instead of a value it could not compute or fit in.
SPREADSHEET_ERROR = re.compile(
    r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|FIELD!|GETTING_DATA|#+)"
)
SHORTENED_NUMBER = re.compile(r"[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]+")
# Commas between names: initials belong to the name before them.
BETWEEN_AUTHORS = re.compile(r",(?!\s*(?:[^\W\d_]\.[\s-]*)+(?:,|and\b|$))|(?<=\.)\s+and\s+(?=\w+,)")
# Argument of create_samples → the columns it may come from; the first one in the file counts.
FIELD_COLUMNS = {
    "collection_date": ("date", "collection_date"),
    "is_private": ("is_private",),
    "restricted_until": ("restricted_until",),
    "sample_collected_by": ("sample_collected_by", "originating_lab"),
    "sample_collector_contact_email": ("sample_collector_contact_email",),
    "sample_collector_contact_address": ("sample_collector_contact_address",),
    "authors": ("authors",),
    "organism": ("organism",),
    "host": ("host",),
    "purpose_of_sampling": ("purpose_of_sampling",),
    "specimen_processing": ("specimen_processing",),
    "sequencing_date": ("sequencing_date",),
    "sequencing_depth": ("sequencing_depth",),
}
INCOMPLETE_DATE = re.compile(r"([0-9]{4})(?:-(0[1-9]|1[0-2]|XX)(?:-XX)?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class MetadataOptions:
    """How to read a file where people's habits differ."""

    private_identifier_column: str = STRAIN
    public_identifier_column: str = STRAIN
    incomplete_dates: IncompleteDates = "reject"
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one row is rejected."""

    file: str
    line: int
    strain: str
    field: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One usable row: the arguments of create_samples, and the accessions by repository."""

    line: int
    strain: str
    location: Location
    fields: dict[str, str | tuple[str, ...]]
    accessions: tuple[tuple[str, str], ...]
    # The original cells of fields that were changed.
    written: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Metadata:
    """A metadata file: the usable rows by strain, and the problems of the others."""

    path: Path
    total: int
    rows: dict[str, SampleRow]
    rejected: frozenset[str]
    problems: tuple[Problem, ...]
    unused_columns: tuple[str, ...]
    # Argument of create_samples → the column of the file it comes from.
    columns: Mapping[str, str]


@dataclass(frozen=True)
class _Layout:
    """Which column holds which value."""

    path: Path
    header: tuple[str, ...]
    separator: str
    sources: Mapping[str, str]
    options: MetadataOptions

    @cached_property
    def identifiers(self) -> tuple[str, ...]:
        """Return the columns with identifiers of a sample, here or in repositories."""
        own = (self.sources[target] for target in IDENTIFIERS)
        return tuple(dict.fromkeys((STRAIN, *own, *ACCESSION_COLUMNS)))

    @cached_property
    def used(self) -> frozenset[str]:
        """Return the columns that are imported."""
        return frozenset((*self.sources.values(), *ACCESSION_COLUMNS, *LEVELS, STRAIN))

    def problem(self, line: int, strain: str, column: str, value: str, reason: str) -> Problem:
        return Problem(str(self.path), line, strain, column, value, reason)


def read_metadata(path: Path, options: MetadataOptions) -> Metadata:
    """Read a whole metadata file; only its sequences are large."""
    rows: list[SampleRow] = []
    problems: list[Problem] = []
    total = 0
    with open_input(path) as file:
        if file.is_empty:
            raise ControlError(f"{path} is empty", "give a file with a header and a row per sample")
        lines = read_lines(file)
        layout = _layout(path, next(lines, (0, ""))[1], options)
        for number, line in lines:
            if not line.strip(f" {layout.separator}"):
                continue
            total += 1
            row, found = _read_row(layout, number, line)
            problems += found
            rows += [row] if row else []
    if not total:
        raise ControlError(
            f"{path} has no rows below its header", "give a file with a row for each sample"
        )

    problems += _repeated(layout, rows)
    rejected = frozenset(problem.strain for problem in problems)
    return Metadata(
        path=path,
        total=total,
        rows={row.strain: row for row in rows if row.strain not in rejected},
        rejected=rejected,
        problems=tuple(problems),
        unused_columns=tuple(
            name or f"column {place} (no name)"
            for place, name in enumerate(layout.header, 1)
            if name not in layout.used
        ),
        columns=layout.sources,
    )


def _layout(path: Path, first_line: str, options: MetadataOptions) -> _Layout:
    separator = separator_of(first_line)
    header = tuple(name.strip() for name in split_cells(first_line, separator))
    while header and not header[-1]:
        header = header[:-1]
    sources = {
        target: next((name for name in columns if name in header), columns[0])
        for target, columns in FIELD_COLUMNS.items()
    }
    sources["private_identifier"] = options.private_identifier_column
    sources["public_identifier"] = options.public_identifier_column
    required = (
        STRAIN,
        options.private_identifier_column,
        options.public_identifier_column,
        sources["collection_date"],
        "region",
    )
    if absent := [name for name in dict.fromkeys(required) if name not in header]:
        raise ControlError(
            f"{path} has no column {', '.join(absent)}; {described_columns(header)}",
            "give a file separated by tabs or commas whose first line names its columns, as"
            " Nextstrain's does",
        )
    if repeated := sorted({name for name in header if name and header.count(name) > 1}):
        raise ControlError(f"{path} has several columns {', '.join(repeated)}", "leave one of each")
    return _Layout(path, header, separator, sources, options)


def _read_row(layout: _Layout, line: int, text: str) -> tuple[SampleRow | None, list[Problem]]:
    values = split_cells(text, layout.separator, len(layout.header))
    if len(values) != len(layout.header):
        reason = f"the row has {len(values)} cells, the header {len(layout.header)}"
        if len(values) < len(layout.header) and values[-1].count('"') % 2:
            reason += ": a cell in quotes may not go on in the next line"
        return None, [layout.problem(line, values[0], "", "", reason)]

    cells = {
        name: intern(value)
        for name, value in zip(layout.header, (value.strip() for value in values), strict=True)
        if name and value not in MISSING
    }
    strain = cells.get(STRAIN, "")
    problems = [
        layout.problem(line, strain, column, cells.get(column, ""), reason)
        for column, reason in _problems(layout, cells)
    ]
    return (None, problems) if problems else (_sample(layout, line, strain, cells), [])


def _problems(layout: _Layout, cells: Cells) -> Iterator[tuple[str, str]]:
    """Yield the problems that only the file shows; the database checks the rules of samples."""
    if STRAIN not in cells:
        yield STRAIN, "is required"
    date_column = layout.sources["collection_date"]
    if layout.options.incomplete_dates == "reject" and _is_incomplete(cells.get(date_column, "")):
        yield date_column, "is not a complete date; --incomplete-dates first-day uses its first day"
    if "region" not in cells:
        yield "region", "is required"
    for parent, child in pairwise(LEVELS[1:]):
        if child in cells and parent not in cells:
            yield parent, f"is required for the {child} {cells[child]}"
    for column in ACCESSION_COLUMNS:
        if len(cells.get(column, "")) > LONGEST_ACCESSION:
            yield column, f"is longer than {LONGEST_ACCESSION} characters"
    for column in layout.identifiers:
        if SHORTENED_NUMBER.fullmatch(cells.get(column, "")):
            yield column, "is a number that a spreadsheet shortened; format the column as text"
    for column, value in cells.items():
        if "\0" in value:
            yield column, "holds a NUL character"
        if value[0] == "#" and column in layout.used and SPREADSHEET_ERROR.fullmatch(value):
            yield column, "is an error of a spreadsheet, not a value"


def _sample(layout: _Layout, line: int, strain: str, cells: Cells) -> SampleRow:
    fields: dict[str, str | tuple[str, ...]] = {
        target: cells[column] for target, column in layout.sources.items() if column in cells
    }
    written = {}
    for target, read in (("authors", _names), ("collection_date", _first_day)):
        if target in fields:
            cell = cells[layout.sources[target]]
            fields[target] = read(cell)
            if fields[target] not in (cell, (cell,)):
                written[target] = cell
    if layout.options.is_private:
        fields["is_private"] = "true"
    return SampleRow(
        line=line,
        strain=strain,
        location=_location(cells["region"], *(cells.get(level) for level in LEVELS[1:])),
        fields=fields,
        accessions=tuple(
            (repository, cells[column])
            for column, repository in ACCESSION_COLUMNS.items()
            if column in cells
        ),
        written=tuple(written.items()),
    )


# Rows repeat values; equal ones are kept once.
_location = lru_cache(maxsize=10_000)(Location)


@lru_cache(maxsize=1_000)
def _names(text: str) -> tuple[str, ...]:
    """Split a list of authors at semicolons, else at the commas between names."""
    parts = text.split(";") if ";" in text else BETWEEN_AUTHORS.split(text)
    return tuple(name for part in parts if (name := part.strip(" \t,")))


def _is_incomplete(date: str) -> bool:
    return INCOMPLETE_DATE.fullmatch(date) is not None


def _first_day(date: str) -> str:
    """Return the first day of an incomplete date; any other text unchanged."""
    match = INCOMPLETE_DATE.fullmatch(date)
    if match is None:
        return date
    year, month = match.groups()
    return f"{year}-{'01' if month in (None, 'XX') else month}-01"


def change_identifiers(metadata: Metadata, change: Callable[[str], str]) -> Metadata:
    """Return the metadata with other identifiers, without the rows that would then share one."""
    rows = [_with_identifiers(row, change) for row in metadata.rows.values()]
    problems = [
        problem
        for target in IDENTIFIERS
        for problem in _sharing(
            metadata.path, rows, metadata.columns[target], partial(_field, target)
        )
    ]
    rejected = metadata.rejected | {problem.strain for problem in problems}
    return replace(
        metadata,
        rows={row.strain: row for row in rows if row.strain not in rejected},
        rejected=rejected,
        problems=(*metadata.problems, *problems),
    )


def _with_identifiers(row: SampleRow, change: Callable[[str], str]) -> SampleRow:
    given = {target: str(row.fields[target]) for target in IDENTIFIERS if target in row.fields}
    changed = {target: change(value) for target, value in given.items()}
    written = dict(row.written) | {
        target: value for target, value in given.items() if value != changed[target]
    }
    return replace(row, fields={**row.fields, **changed}, written=tuple(written.items()))


def _repeated(layout: _Layout, rows: list[SampleRow]) -> Iterator[Problem]:
    """Yield rows with equal strains or identifiers; the database sees only one batch at a time."""
    yield from _sharing(layout.path, rows, STRAIN, attrgetter("strain"))
    for target in IDENTIFIERS:
        if (column := layout.sources[target]) != STRAIN:
            yield from _sharing(layout.path, rows, column, partial(_field, target))


def _field(target: str, row: SampleRow) -> str:
    return str(row.fields.get(target, ""))


def _sharing(
    path: Path, rows: list[SampleRow], column: str, value_of: Callable[[SampleRow], str]
) -> Iterator[Problem]:
    counts = Counter(value_of(row) for row in rows)
    lines: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if counts[value_of(row)] > 1:
            lines[value_of(row)].append(str(row.line))
    for row in rows:
        if (value := value_of(row)) and value in lines:
            more = ", …" if len(lines[value]) > NAMED_LINES else ""
            reason = f"is given in lines {', '.join(lines[value][:NAMED_LINES])}{more}"
            yield Problem(str(path), row.line, row.strain, column, value, reason)

"""Read the metadata of a repository's public sequences as rows in the text format of COPY."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from control.cells import read_lines
from control.errors import ControlError
from control.input_files import InputFile

COLUMNS = (
    "strain",
    "accession",
    "lineage",
    "collection_date",
    "region",
    "country",
    "division",
    "location",
)
# The names of each column in the files of GISAID and GenBank, the first that is there counts.
NAMES: dict[str, tuple[str, ...]] = {
    "strain": ("strain",),
    "accession": ("gisaid_epi_isl", "genbank_accession_rev", "genbank_accession", "accession"),
    "lineage": ("pango_lineage", "lineage"),
    "collection_date": ("date", "collection_date"),
    "region": ("region",),
    "country": ("country",),
    "division": ("division",),
    "location": ("location",),
}
# GenBank's own layout names a sequence by its accession.
GENBANK_MARK = "genbank_accession_rev"
UNKNOWN = ("", "?")
DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?", re.ASCII)
VAGUE_DATE = re.compile(r"[0-9X]{4}(?:-[0-9X]{2}){0,2}", re.ASCII)
# What the check of the table refuses, save the tab between cells.
FORBIDDEN = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")
NAMED_PROBLEMS = 20


@dataclass
class LoadReport:
    """What happened, or would in a dry run; problems names the first bad rows."""

    before: int = 0
    rows: int = 0
    bad_rows: int = 0
    duplicates: int = 0
    vague_dates: int = 0
    problems: list[str] = field(default_factory=list)

    def note(self, where: str, reason: str) -> None:
        """Count a bad row, and name it if few were named."""
        self.bad_rows += 1
        if len(self.problems) < NAMED_PROBLEMS:
            self.problems.append(f"{where}: {reason}")


def read_rows(file: InputFile, report: LoadReport) -> Iterator[str]:
    """Yield each good row in the text format of COPY; note the bad ones in the report."""
    lines = read_lines(file)
    header = next(lines, None)
    if header is None:
        raise ControlError(f"{file.name} is empty", "give the metadata of a repository")
    is_tsv = "\t" in header[1]
    places = _places(file.name, _cells(header[1], is_tsv))
    width = len(_cells(header[1], is_tsv))
    longest = max(place for place in places if place is not None)
    date_place = COLUMNS.index("collection_date")
    for number, line in lines:
        if FORBIDDEN.search(line):
            report.note(f"{file.name}:{number}", "holds a control character")
            continue
        cells = line.split("\t") if is_tsv else _cells(line, is_tsv)
        if len(cells) <= longest or len(cells) > width:
            report.note(f"{file.name}:{number}", f"has {len(cells)} columns instead of {width}")
            continue
        values = ["" if place is None else cells[place].strip() for place in places]
        if values[0] in UNKNOWN:
            report.note(f"{file.name}:{number}", "has no strain")
            continue
        day = values[date_place]
        if day not in UNKNOWN:
            day = _day(day)
            if not day:
                report.vague_dates += 1
            elif day == "bad":
                report.note(f"{file.name}:{number}", f"has the date {values[date_place][:40]!r}")
                continue
            values[date_place] = day
        row = "\t".join(["\\N" if value in UNKNOWN else value for value in values])
        yield row if "\\" not in line else _escaped(values)


def _cells(line: str, is_tsv: bool) -> list[str]:
    """Return the cells of a line; those of a CSV may be quoted."""
    return line.split("\t") if is_tsv else next(csv.reader(io.StringIO(line)), [])


def _places(name_of_file: str, header: Sequence[str]) -> list[int | None]:
    """Return which column of the file each of COLUMNS is; None if the file lacks it."""
    names = {name.strip().lower(): place for place, name in reversed([*enumerate(header)])}
    wanted = dict(NAMES)
    if GENBANK_MARK in names and "accession" in names:
        wanted["strain"] = ("accession",)
    places = [
        next((names[name] for name in wanted[column] if name in names), None) for column in COLUMNS
    ]
    if places[0] is None:
        raise ControlError(
            f"the first line of {name_of_file} names no column {wanted['strain'][0]}",
            "give a tab- or comma-separated table with a header, as GISAID and Nextstrain publish",
        )
    return places


@lru_cache(maxsize=1 << 16)
def _day(text: str) -> str:
    """Return a date; of a year or month its first day, "" where X stands for digits, else "bad"."""
    found = DATE.fullmatch(text)
    if found is None:
        return "" if VAGUE_DATE.fullmatch(text) and "X" in text else "bad"
    year, month, day = (int(part or 1) for part in found.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return "bad"


def _escaped(values: Sequence[str]) -> str:
    return "\t".join("\\N" if value in UNKNOWN else value.replace("\\", "\\\\") for value in values)

"""Bring a data set into the form that all have: columns, names, dates, one record per strain.

Both files are read once, line by line; of the strains, a number of 64 bits each is remembered.
"""

from __future__ import annotations

import csv
import gzip
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from pipelines import tools
from pipelines.job import Job, JobError
from pipelines.phylo import genomes
from pipelines.phylo.metadata import LAYOUTS, tsv_line
from pipelines.phylo.plan import RULES, Rules
from pipelines.unpacking import opened

# How repositories call the columns of ncov and GenBank; the first that is there counts.
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "strain": ("virus_name", "isolate_lineage", "isolate"),
    "accession": ("genbank_accession", "accession_version"),
    "genbank_accession_rev": ("accession_version",),
    "gisaid_epi_isl": ("accession_id",),
    "date": ("collection_date", "isolate_collection_date"),
    "region": ("geographic_region",),
    "country": ("geographic_location_country",),
    "host": ("host_name",),
    "date_submitted": ("submission_date", "release_date"),
    "pango_lineage": ("lineage", "pangolin_lineage"),
    "originating_lab": ("submitter_affiliation",),
    "sex": ("gender",),
    "age": ("patient_age",),
    "Nextstrain_clade": ("clade_nextstrain", "nextstrain_clade"),
    "GISAID_clade": ("clade",),
}
PLACES = ("region", "country", "division", "location")
UNKNOWN = ("", "?", "na", "n/a", "null", "none", "unknown", "not applicable", "not collected")
# A year, a month or a day; X stands for digits that are not known.
DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2}|XX))?(?:-([0-9]{2}|XX))?", re.ASCII)
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]+")
LONGEST_LINE = 1 << 20
SEQUENCES, METADATA = Path("processed_sequences"), Path("processed_metadata")
_NOT_A_BASE = re.compile(rb"[^ACGTUNWSKMYRVHDB-]")


def process(job: Job) -> None:
    """Write both files of the data set again, and hand them in."""
    inputs = job.inputs()
    data_set = inputs["data_set"]
    if data_set is None:
        raise JobError("the data set of the job was deleted: download it again")
    rules = RULES.get(inputs["pathogen"]["slug"], Rules())
    raw_sequences, raw_metadata = Path("raw_sequences"), Path("raw_metadata")
    job.download(data_set["sequences_url"], raw_sequences)
    job.download(data_set["metadata_url"], raw_metadata)
    counts = Counter[str]()
    known = process_metadata(raw_metadata, METADATA, rules, counts)
    written = process_sequences(raw_sequences, SEQUENCES, rules, known, counts)
    for name, count in counts.items():
        print(f"{name}: {count}", file=sys.stderr)
    if not written:
        raise JobError("no sequence of the data set has a row in its metadata")
    job.upload(SEQUENCES, SEQUENCES.name)
    job.upload(METADATA, METADATA.name)
    job.report(tools.own_versions())


def process_metadata(source: Path, target: Path, rules: Rules, counts: Counter[str]) -> set[int]:
    """Write the metadata in the layout of the pathogen; return what stands for each strain."""
    layout = LAYOUTS[rules.layout]
    known: set[int] = set()
    with opened(source) as file, text_file(target) as table:
        table.write(tsv_line(layout))
        rows = read_table(file)
        columns = {_column(name): name for name in next(rows)}
        key = "accession" if rules.layout == "genbank" else "strain"
        if not any(name in columns for name in _names(key)):
            raise JobError(f"the metadata have no column {key}")
        for row in rows:
            values = {name: _value(row, columns, name) for name in layout}
            values |= _places(values, _value(row, columns, "location"))
            values[key] = name = name_of(values[key], rules)
            if not name or hash(name) in known:
                counts["rows without a name" if not name else "rows of a name that was there"] += 1
                continue
            known.add(hash(name))
            values["date"] = day = lenient_date(given := values["date"])
            counts["dates that are unknown"] += bool(given) and not day
            table.write(tsv_line(values[column] for column in layout))
    if not known:
        raise JobError("the metadata have no row with a name")
    counts["rows kept"] = len(known)
    return known


def text_file(path: Path) -> TextIO:
    """Open a compressed file for text."""
    return cast("TextIO", gzip.open(path, "wt", compresslevel=6, encoding="utf-8", newline=""))


def process_sequences(
    source: Path, target: Path, rules: Rules, known: set[int], counts: Counter[str]
) -> int:
    """Write the sequences that have metadata, once each, in upper case; return their number."""
    written: set[int] = set()
    with gzip.open(target, "wb", compresslevel=6) as file:
        for header, bases in genomes.read(source, is_whole=True):
            # The name may have blanks, or be followed by a description.
            name = name_of(header, rules)
            if hash(name) not in known and header:
                name = name_of(header.split()[0], rules)
            if hash(name) not in known or hash(name) in written or not bases.strip(b"N-"):
                counts["sequences left out"] += 1
                continue
            written.add(hash(name))
            # Some programs write other codes for what they do not know.
            clean = _NOT_A_BASE.sub(b"N", bases)
            file.write(b">%s\n%s\n" % (name.encode(), clean))
    counts["sequences kept"] = len(written)
    return len(written)


def read_table(file: BinaryIO) -> Iterator[dict[str, str]]:
    """Yield the rows of a table by column, separated by tabs or commas; the header comes first."""
    lines = (line.decode() for line in iter(lambda: file.readline(LONGEST_LINE), b""))
    try:
        first = next(lines, "").removeprefix("\ufeff")
        is_tsv = "\t" in first
        header = next(_cells(iter([first]), is_tsv), [])
        yield dict.fromkeys(header, "")
        for cells in _cells(lines, is_tsv):
            if cells:
                yield dict(zip(header, [*cells, *[""] * (len(header) - len(cells))], strict=False))
    except UnicodeDecodeError:
        raise JobError("the metadata are not UTF-8") from None
    except csv.Error as error:
        raise JobError(f"the metadata cannot be read: {error}") from None


def _cells(lines: Iterator[str], is_tsv: bool) -> Iterator[list[str]]:
    """Yield the cells of each line; quotation marks mean something in a CSV only."""
    if is_tsv:
        yield from (line.rstrip("\r\n").split("\t") for line in lines)
    else:
        yield from csv.reader(lines, strict=True)


def name_of(given: str, rules: Rules) -> str:
    """Return the name of a strain: without blanks, the repository's prefix and what follows `|`."""
    name = re.sub(r"\s+", "", CONTROL.sub("", given.partition("|")[0]))
    if rules.prefix and name.lower().startswith(rules.prefix.lower()):
        name = name[len(rules.prefix) :]
    return name


def lenient_date(given: str) -> str:
    """Return a day, a month or a year, as exact as it is given; nothing if it cannot be."""
    found = DATE.fullmatch(re.sub(r"[/.]", "-", given.partition("T")[0]).upper())
    if found is None or (found[2] == "XX" and found[3] not in (None, "XX")):
        return ""
    known = [part for part in found.groups() if part not in (None, "XX")]
    try:
        date(*(int(part) for part in [*cast("list[str]", known), "01", "01"][:3]))
    except ValueError:
        return ""
    return found[0]


def _column(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _names(column: str) -> tuple[str, ...]:
    return (column.lower(), *SYNONYMS.get(column, ()))


def _value(row: Mapping[str, str], columns: Mapping[str, str], column: str) -> str:
    """Return the value of a column by any of its names, without what harms readers."""
    for name in _names(column):
        if name in columns:
            value = CONTROL.sub(" ", row.get(columns[name], "")).strip()
            return "" if value.lower() in UNKNOWN else value
    return ""


def _places(values: Mapping[str, str], location: str) -> dict[str, str]:
    """Take a location of GISAID apart: `Europe / France / Bretagne / Brest`."""
    if " / " not in location or any(values[name] for name in PLACES[:3]):
        return {}
    parts = [part.strip() for part in location.split(" / ")]
    return dict(zip(PLACES, [*parts, "", "", ""], strict=False))

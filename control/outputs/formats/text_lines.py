"""Read lines and tables of a text file in S3, one line in memory at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from control.outputs.job_files import ObjectFile
from control.outputs.malformed import Malformed, unprintable
from control.terminal import listed
from control.unpacking import kind_of

# Far longer than a genome or a row of Nextclade; a file without line ends is not read whole.
LONGEST_LINE_BYTES = 16 << 20
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Row:
    """One row of a table by column, and the line it ends on."""

    line: int
    values: dict[str, str]


def read_lines(file: ObjectFile) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each line, without byte-order mark and line end."""
    number = 0
    while line := file.content.readline(LONGEST_LINE_BYTES + 1):
        number += 1
        if number == 1:
            if kind_of(line) is not None:
                raise Malformed(file.name, None, "is compressed twice")
            line = line.removeprefix(_BOM)
        if len(line) > LONGEST_LINE_BYTES:
            raise Malformed(file.name, number, f"is longer than {LONGEST_LINE_BYTES} bytes")
        if b"\0" in line:
            raise Malformed(file.name, number, "holds the character NUL")
        yield number, line.rstrip(b"\r\n")


def read_table(file: ObjectFile, delimiters: str, required: Sequence[str]) -> Iterator[Row]:
    """Yield the rows under a header that has at least the required columns.

    The delimiter is the one that occurs most often in the first line.
    """
    # The module's own limit is 128 KiB; lists of mutations are longer.
    csv.field_size_limit(LONGEST_LINE_BYTES)
    lines = _decoded(file)
    first = next(lines, "")
    delimiter = max(delimiters, key=first.count)
    rows = csv.reader(chain((first,), lines), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    try:
        for fields in rows:
            if not fields:
                continue
            if header is None:
                header = _checked_header(file, rows.line_num, fields, required)
                continue
            if len(fields) != len(header):
                reason = f"has {len(fields)} fields, the header {len(header)}"
                raise Malformed(file.name, rows.line_num, reason)
            yield Row(rows.line_num, dict(zip(header, fields, strict=True)))
    except csv.Error as error:
        raise Malformed(file.name, rows.line_num, f"is not CSV: {error}") from error
    if header is None:
        raise Malformed(file.name, None, "is empty")


def check_texts(file: ObjectFile, row: Row, columns: Iterable[str]) -> None:
    """Reject a row with a text that cannot be stored; columns the table lacks are skipped."""
    for column in columns:
        if problem := unprintable(row.values.get(column, "")):
            raise Malformed(file.name, row.line, f"{column} is {problem}")


def _checked_header(
    file: ObjectFile, line: int, header: list[str], required: Sequence[str]
) -> list[str]:
    missing = [column for column in required if column not in header]
    if missing:
        raise Malformed(file.name, line, f"the header lacks {listed(missing)}")
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise Malformed(file.name, line, f"the header names {listed(twice)} twice")
    return header


def _decoded(file: ObjectFile) -> Iterator[str]:
    for number, line in read_lines(file):
        try:
            yield line.decode() + "\n"
        except UnicodeDecodeError as error:
            raise Malformed(file.name, number, f"is not UTF-8 ({error.reason})") from error

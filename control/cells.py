"""Read tables in text files line by line: the rows of a CSV or TSV as spreadsheets write them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from control.errors import ControlError
from control.input_files import NOT_UTF_8, InputFile, open_input

NAMED_COLUMNS = 20
# Far longer than a row with every text at its limit; a file without line ends is not read whole.
LONGEST_LINE_BYTES = 1 << 20
# Inside a quoted cell, quotes are doubled.
QUOTED = re.compile(r'"((?:[^"]|"")*)"')
SEPARATORS = ("\t", ",", ";")
CELLS = {
    separator: re.compile(rf'("(?:[^"]|"")*"|[^{separator}]*){separator}')
    for separator in SEPARATORS
}


def read_lines(file: InputFile) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line that is not blank."""
    read_line = partial(file.stream.readline, LONGEST_LINE_BYTES + 1)
    for number, line in enumerate(iter(read_line, b""), 1):
        if len(line) > LONGEST_LINE_BYTES:
            raise ControlError(
                f"{file.name}, line {number} is longer than {LONGEST_LINE_BYTES} bytes",
                "give a table with one row per line",
            )
        try:
            text = line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise ControlError(f"{file.name}, line {number} is not UTF-8", NOT_UTF_8) from error
        if text.strip():
            yield number, text


def separator_of(first_line: str) -> str:
    """Return what separates the names of columns: a tab if there is one, else the more frequent."""
    if "\t" in first_line:
        return "\t"
    return max(SEPARATORS[1:], key=first_line.count)


def split_cells(line: str, separator: str, count: int | None = None) -> list[str]:
    """Split a line into cells, `count` of them if possible.

    Spreadsheets quote a cell that contains a comma, a quote or a tab; any other quote is part of
    the text. Empty cells beyond the last column are ignored.
    """
    values = line.split(separator)
    if '"' in line:
        quoted = CELLS[separator].findall(f"{line}{separator}")
        # Between tabs, a quote that nothing closes is part of a text; CSV has only one reading.
        is_quoted = separator != "\t" or len(quoted) == count
        values = [_unquoted(value) for value in (quoted if is_quoted else values)]
    while count is not None and len(values) > count and not values[-1].strip():
        values.pop()
    return values


def _unquoted(value: str) -> str:
    match = QUOTED.fullmatch(value.strip())
    return match[1].replace('""', '"') if match else value


def described_columns(header: tuple[str, ...]) -> str:
    """Name the columns of a file, for a message about a missing one."""
    more = ", …" if len(header) > NAMED_COLUMNS else ""
    return f"its columns are {', '.join(header[:NAMED_COLUMNS])}{more}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: the line it stands in, and its cells by column, without white space."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """A small table as a whole: its rows, and why other lines cannot be read, by line."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    unread: tuple[tuple[int, str], ...]


def read_table(
    path: Path, required: Collection[str], *, optional: Collection[str] | None = None
) -> Table:
    """Read a table that has the required columns; with `optional` no others but these."""
    with open_input(path) as file:
        lines = read_lines(file)
        first = next(lines, (0, ""))[1]
        separator = separator_of(first)
        header = tuple(name.strip() for name in split_cells(first, separator))
        if problem := _header_problem(header, required, optional):
            raise ControlError(
                f"{path} {problem}; {described_columns(header)}",
                "give a table separated by tabs or commas whose first line names its columns",
            )
        rows: list[Row] = []
        unread: list[tuple[int, str]] = []
        for number, line in lines:
            values = split_cells(line, separator, len(header))
            if len(values) == len(header):
                cells = {name: value.strip() for name, value in zip(header, values, strict=True)}
                rows.append(Row(number, cells))
            else:
                unread.append(
                    (number, f"the row has {len(values)} cells, the header {len(header)}")
                )
    if not rows and not unread:
        raise ControlError(f"{path} has no rows below its header", "check that it is complete")
    return Table(path, header, tuple(rows), tuple(unread))


def _header_problem(
    header: tuple[str, ...], required: Collection[str], optional: Collection[str] | None
) -> str | None:
    if absent := [name for name in required if name not in header]:
        return f"has no column {', '.join(absent)}"
    if repeated := sorted({name for name in header if header.count(name) > 1}):
        return f"has several columns {', '.join(repeated)}"
    if optional is None:
        return None
    known = {*required, *optional}
    if others := [name or "without a name" for name in header if name not in known]:
        return f"has columns that are not read: {', '.join(others)}"
    return None

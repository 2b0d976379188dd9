"""Read the rows of a bulk command from a CSV file, and say what is wrong with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from control.errors import ControlError
from control.input_files import NOT_UTF_8, open_input

# A person or group has a few short texts; a file without line ends is not read whole.
LONGEST_CELL = 100_000


@dataclass(frozen=True, slots=True)
class Row:
    """What one line of a file asks for; `line` counts from 1, the header included."""

    line: int
    cells: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Why one line is rejected."""

    line: int
    field: str
    value: str | None
    reason: str

    def __str__(self) -> str:
        given = "" if self.value is None else f" {self.value[:100]!r}"
        return f"line {self.line}: {self.field}{given} {self.reason}"


class Rejected(ControlError):
    """A batch with problems; nothing of it is stored."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems, key=lambda one: (one.line, one.field, one.reason))
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{count}; nothing was stored", "correct what is named, then run it again")


def read_rows(path: Path, fields: Sequence[str], required: Sequence[str]) -> list[Row]:
    """Read a CSV file whose first line names the columns; an empty cell is None."""
    with open_input(path) as file, io.TextIOWrapper(file.stream, "utf-8", newline="") as text:
        before = csv.field_size_limit(LONGEST_CELL)
        try:
            reader = csv.reader(text, strict=True)
            header = [name.strip() for name in next(reader, [])]
            _check_header(file.name, header, fields, required)
            return [
                _row(file.name, reader.line_num, header, cells) for cells in reader if any(cells)
            ]
        except UnicodeDecodeError as error:
            raise ControlError(f"{file.name} is not UTF-8 text", NOT_UTF_8) from error
        except csv.Error as error:
            raise ControlError(
                f"{file.name}, line {reader.line_num}: {error}", "save it as comma-separated CSV"
            ) from error
        finally:
            csv.field_size_limit(before)


def _check_header(
    name: str, header: Sequence[str], fields: Sequence[str], required: Sequence[str]
) -> None:
    known = f"the columns are: {', '.join(fields)}"
    for wrong, columns in (
        ("has columns that are not known", [one for one in header if one not in fields]),
        ("has a column twice", [one for one in dict.fromkeys(header) if header.count(one) > 1]),
        ("lacks columns", [one for one in required if one not in header]),
    ):
        if columns:
            listed = ", ".join(one or "(empty)" for one in columns)
            raise ControlError(f"the first line of {name} {wrong}: {listed}", known)


def _row(name: str, line: int, header: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(header):
        raise ControlError(
            f"{name}, line {line} has {len(cells)} cells, its first line {len(header)}",
            "write one cell for each column; quote cells that contain commas",
        )
    return Row(line, {key: cell.strip() or None for key, cell in zip(header, cells, strict=True)})

"""Load coordinates of locations from a file like Nextstrain's: level, name, latitude, longitude."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from control.cells import read_lines
from control.errors import ControlError
from control.input_files import open_input
from control.queries import query

LEVELS = ("region", "country", "division", "location")
COLUMNS = ("level", "name", "latitude", "longitude")
# A first line that names its columns may add the parents of a location.
PARENTS = ("region", "country", "division")
SHORT_NAMES = {"lat": "latitude", "long": "longitude", "lon": "longitude", "lng": "longitude"}
BOUNDS = {"latitude": 90, "longitude": 180}
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
SHOWN_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file; parents it does not name are None."""

    number: int
    level: str
    name: str
    latitude: float
    longitude: float
    region: str | None
    country: str | None
    division: str | None


@dataclass(frozen=True)
class CoordinatesFile:
    """The lines of a file, and the number of lines whose level locations do not have."""

    path: Path
    lines: tuple[Line, ...]
    other_levels: Mapping[str, int]


@dataclass
class CoordinatesReport:
    """What happened to the locations, or would in a dry run; each name with its lines."""

    set: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LEVELS, 0))
    kept: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unused_lines: int = 0


def load_coordinates(
    conn: psycopg.Connection,
    file: CoordinatesFile,
    *,
    replace: bool = False,
) -> CoordinatesReport:
    """Set the coordinates of locations that have none; `replace` changes existing ones, too."""
    columns = {
        "numbers": [line.number for line in file.lines],
        "levels": [line.level for line in file.lines],
        "names": [line.name for line in file.lines],
        "latitudes": [line.latitude for line in file.lines],
        "longitudes": [line.longitude for line in file.lines],
        "regions": [line.region for line in file.lines],
        "countries": [line.country for line in file.lines],
        "divisions": [line.division for line in file.lines],
    }
    report = CoordinatesReport()
    with conn.transaction():
        rows = conn.execute(
            query("reference/load_coordinates"), columns | {"replace": replace}
        ).fetchall()
    for outcome, level, name, numbers in rows:
        if outcome == "set":
            report.set[level] += 1
        elif outcome == "unused":
            report.unused_lines += 1
        else:
            named = f"{level} {name}"
            where = f" (line {', '.join(map(str, numbers))})" if numbers else ""
            getattr(report, outcome).append(named + where)
    return report


def read_coordinates(path: Path) -> CoordinatesFile:
    """Read and check a whole file; the ControlError names every wrong line."""
    lines: list[Line] = []
    other_levels: dict[str, int] = {}
    problems: list[str] = []
    header: tuple[str, ...] = COLUMNS
    is_first = True
    for number, cells in _rows(path):
        if is_first and (named := _header(path, number, cells)):
            header, is_first = named, False
            continue
        is_first = False
        if len(cells) != len(header):
            problems.append(f"{path}:{number}: has {len(cells)} columns instead of {len(header)}")
            continue
        values = dict(zip(header, cells, strict=True))
        level = values["level"].lower()
        if level not in LEVELS:
            other_levels[level] = other_levels.get(level, 0) + 1
            continue
        found = list(_problems(values))
        problems += [f"{path}:{number}: {problem}" for problem in found]
        if not found:
            lines.append(_line(number, level, values))
    if problems:
        raise _refusal(path, problems)
    if not lines:
        raise ControlError(
            f"{path} has no coordinates",
            "give a tab-separated file of level, name, latitude, longitude, as Nextstrain's is",
        )
    return CoordinatesFile(path, tuple(lines), other_levels)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of each line that is neither blank nor a comment."""
    with open_input(path) as file:
        for number, line in read_lines(file):
            if not line.startswith("#"):
                yield number, [cell.strip() for cell in line.split("\t")]


def _header(path: Path, number: int, cells: list[str]) -> tuple[str, ...] | None:
    """Return the columns that a first line names; None if it is a line of coordinates."""
    names = tuple(SHORT_NAMES.get(cell.lower(), cell.lower()) for cell in cells)
    if names[0] != "level":
        return None
    unknown = [name for name in names if name not in (*COLUMNS, *PARENTS)]
    absent = [name for name in COLUMNS if name not in names]
    if unknown or absent or len(set(names)) != len(names):
        raise ControlError(
            f"{path}, line {number} names the columns {', '.join(cells)}",
            f"name each of {', '.join(COLUMNS)} once, and any of {', '.join(PARENTS)}",
        )
    return names


def _problems(values: Mapping[str, str]) -> Iterator[str]:
    if not values["name"]:
        yield "the name is missing"
    for column, bound in BOUNDS.items():
        value = values[column]
        if not NUMBER.fullmatch(value):
            yield f"{column} {value!r} is not a number"
        elif not -bound <= float(value) <= bound:
            yield f"{column} {value} is not between -{bound} and {bound}"
    if any("\0" in value for value in values.values()):
        yield "holds a NUL character"


def _line(number: int, level: str, values: Mapping[str, str]) -> Line:
    # Columns at or below the line's own level do not name a parent.
    above = LEVELS[: LEVELS.index(level)]
    parents = {name: values.get(name) or None for name in above}
    return Line(
        number,
        level,
        values["name"],
        float(values["latitude"]),
        float(values["longitude"]),
        parents.get("region"),
        parents.get("country"),
        parents.get("division"),
    )


def _refusal(path: Path, problems: list[str]) -> ControlError:
    shown = problems[:SHOWN_PROBLEMS]
    if hidden := len(problems) - len(shown):
        shown.append(f"… and {hidden} more")
    return ControlError(
        f"nothing was stored: {path} has {len(problems)} problems\n" + "\n".join(shown),
        "correct these lines: degrees with a decimal point, north and east positive",
    )

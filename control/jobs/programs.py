"""Read pipelines/jobs.toml: what runs for each kind of job, and within which limits."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from control.errors import ControlError

FILE = "pipelines/jobs.toml"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# As long as a token may live: without one, a program cannot submit what it made.
LONGEST_SECONDS = 30 * UNITS["d"]
NUMBERS = {"memory_mb": 10_000_000, "vcpu": 1_000, "max_attempts": 100}
REQUIRED = ("runs_in", "memory_mb", "vcpu", "time_limit", "max_attempts")
KEYS = ("runs_in", "command", "image", "memory_mb", "vcpu", "time_limit", "max_attempts")
# A program calls the API with a token; the other kinds are modules of control.jobs.kinds.
PROGRAM, CONTROL = "program", "control"


@dataclass(frozen=True)
class Program:
    """What one kind of job runs, for one pathogen."""

    runs_in: str
    command: tuple[str, ...]
    image: str | None
    memory_mb: int
    vcpu: int
    time_limit_seconds: int
    max_attempts: int


class Programs:
    """The programs of all kinds."""

    def __init__(self, root: Path, tables: Mapping[str, Mapping[str, Any]]) -> None:
        self._root = root
        self._tables = tables

    @property
    def kinds(self) -> list[str]:
        """Return the kinds that have a program."""
        return sorted(self._tables)

    def require(self, kind: str) -> None:
        """Refuse a kind without a program."""
        if kind not in self._tables:
            raise ControlError(
                f"{FILE} has no program for jobs of kind {kind}", f"add a table [{kind}] to it"
            )

    def of(self, kind: str, pathogen: str | None) -> Program:
        """Return the program of a kind, with what differs for this pathogen."""
        self.require(kind)
        values = _values(self._tables[kind], pathogen)
        return Program(
            runs_in=values["runs_in"],
            command=tuple(self._found(part) for part in values.get("command", ())),
            image=values.get("image"),
            memory_mb=values["memory_mb"],
            vcpu=values["vcpu"],
            time_limit_seconds=_seconds(values["time_limit"]),
            max_attempts=values["max_attempts"],
        )

    def _found(self, part: str) -> str:
        return str(self._root / part) if part.startswith("pipelines/") else part


def read_programs(root: Path) -> Programs:
    """Read and check the file; an error names every fault in it."""
    path = root / FILE
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ControlError(f"{path} does not exist", "run control inside a checkout") from error
    # Bytes that are no UTF-8 and TOMLDecodeError are such errors, as are impossible dates.
    except (ValueError, RecursionError) as error:
        raise ControlError(f"{path} is not TOML: {error}", "correct the file") from error
    if faults := [fault for kind, table in tables.items() for fault in _faults(kind, table)]:
        raise ControlError(f"{path}: {'; '.join(faults)}", "correct the file; docs/jobs.md has it")
    return Programs(root, tables)


def _values(table: Mapping[str, Any], pathogen: str | None) -> dict[str, Any]:
    of_pathogen: Mapping[str, Any] = table.get("pathogen", {}).get(pathogen, {})
    common = {key: value for key, value in table.items() if key != "pathogen"}
    return common | dict(of_pathogen)


def _faults(kind: str, table: object) -> list[str]:
    if not isinstance(table, dict):
        return [f"{kind} is not a table"]
    pathogens = table.get("pathogen", {})
    if not isinstance(pathogens, dict) or not all(
        isinstance(one, dict) for one in pathogens.values()
    ):
        return [f"[{kind}.pathogen] is not a table of tables"]
    found = []
    for pathogen in (None, *pathogens):
        name = kind if pathogen is None else f"{kind}.pathogen.{pathogen}"
        found += [f"[{name}] {fault}" for fault in _faults_of(_values(table, pathogen))]
    return found


def _faults_of(values: Mapping[str, Any]) -> list[str]:
    found = [f"has an unknown key {key}" for key in values if key not in KEYS]
    found += [f"lacks {key}" for key in REQUIRED if key not in values]
    if "runs_in" in values and values["runs_in"] not in (PROGRAM, CONTROL):
        found.append(f'has a runs_in that is neither "{PROGRAM}" nor "{CONTROL}"')
    command = values.get("command", [])
    if not isinstance(command, list) or not all(
        isinstance(part, str) and part and "\0" not in part for part in command
    ):
        found.append("has a command that is not a list of texts")
    elif (values.get("runs_in") == PROGRAM) is not bool(command):
        found.append(f'must have a command if, and only if, runs_in is "{PROGRAM}"')
    if not isinstance(values.get("image", ""), str):
        found.append("has an image that is not text")
    for key, most in NUMBERS.items():
        value = values.get(key, 1)
        if type(value) is not int or not 1 <= value <= most:
            found.append(f"has a {key} that is not a number from 1 to {most:,}")
    limit = values.get("time_limit", "1s")
    if not isinstance(limit, str) or not 1 <= _seconds(limit) <= LONGEST_SECONDS:
        found.append(
            'has a time_limit that is not a time such as "90s", "15m" or "6h", up to "30d"'
        )
    return found


def _seconds(text: str) -> int:
    """Return the seconds of `15m`; 0 if the text is no such time."""
    match = re.fullmatch(r"([0-9]{1,7})([smhd])", text, re.ASCII)
    return int(match[1]) * UNITS[match[2]] if match else 0

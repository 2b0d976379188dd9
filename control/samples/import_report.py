"""Report the rows that an import rejects: on the terminal, and completely in a file."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TextIO

from control.errors import ControlError
from control.samples.importing import ImportReport
from control.samples.metadata import Problem
from control.terminal import spreadsheet_cell

# Nobody reads more lines on a terminal.
SHOWN_LINES = 100
SHOWN_CHARACTERS = 60
# Up to so many alike problems are shown one by one.
ALIKE = 10
# The parts that differ between alike problems.
_VARYING = re.compile(r"[0-9]+(?:, (?:[0-9]+|…))*|'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True)
class Rejects:
    """The file that lists all problems; its header is written before anything is stored."""

    path: Path
    file: TextIO

    def write(self, problems: Sequence[Problem]) -> None:
        """Write one line per problem."""
        rows = csv.writer(self.file, delimiter="\t", lineterminator="\n")
        rows.writerows(map(spreadsheet_cell, astuple(problem)) for problem in problems)
        self.file.flush()


@contextmanager
def open_rejects(path: Path | None) -> Iterator[Rejects | None]:
    """Open the file of problems, or fail before anything is stored."""
    if path is None:
        yield None
        return
    try:
        file = path.open("w", newline="", encoding="utf-8")
        file.write("\t".join(column.name for column in fields(Problem)) + "\n")
        file.flush()
    except OSError as error:
        raise ControlError(
            f"nothing was stored: {path} cannot be written: {error.strerror}",
            "name another file for --rejects",
        ) from error
    with file:
        yield Rejects(path, file)


def refusal(report: ImportReport, rejects: Rejects | None) -> ControlError:
    """Build the error of an import: why nothing was stored, and what to do."""
    said = f"nothing was stored: {report.rejected} of {report.total} samples are rejected"
    return rejection(said, report.problems, _remedy(report.problems), rejects)


def rejection(
    said: str, problems: Sequence[Problem], remedy: str, rejects: Rejects | None
) -> ControlError:
    """Build the error: what failed, its problems, the remedy, and where all problems are listed."""
    lines, hidden = _lines(problems)
    remedies = [remedy]
    if rejects is not None:
        try:
            rejects.write(problems)
            remedies.append(f"{rejects.path} lists all problems")
        except OSError as error:
            remedies.append(f"{rejects.path} does not list all problems: {error.strerror}")
    elif hidden:
        remedies.append("--rejects FILE lists all problems")
    return ControlError(said + "\n" + "\n".join(lines), "; ".join(remedies))


def _remedy(problems: Sequence[Problem]) -> str:
    reasons = {problem.reason for problem in problems}
    remedies = ["correct these rows"]
    if any(reason.startswith("already exists") for reason in reasons):
        remedies.append("--on-conflict chooses what to do with samples the group has already")
    if "is missing from the sequences" in reasons:
        remedies.append("--allow-missing-sequences accepts samples without a sequence")
    return "; ".join(remedies)


def _lines(problems: Sequence[Problem]) -> tuple[list[str], bool]:
    """Return the problems to show, with many alike ones as one, and whether some are hidden."""
    alike: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        alike.setdefault(_kind(problem), []).append(problem)
    lines: list[str] = []
    for problem in problems:
        group = alike[_kind(problem)]
        if len(group) <= ALIKE:
            lines.append(_line(problem))
        elif problem is group[0]:
            lines.append(_line_of_many(group))
    hidden = any(len(group) > ALIKE for group in alike.values()) or len(lines) > SHOWN_LINES
    if len(lines) > SHOWN_LINES:
        lines[SHOWN_LINES:] = [f"… and {len(lines) - SHOWN_LINES} more"]
    return lines, hidden


def _kind(problem: Problem) -> tuple[str, str, str]:
    """Return what alike problems have in common."""
    return problem.file, problem.field, _VARYING.sub("…", problem.reason)


def _line(problem: Problem) -> str:
    """Return one problem, with its position written the way editors and grep do."""
    said = " ".join(
        part for part in (problem.field, _quoted(problem.value), problem.reason) if part
    )
    return f"{problem.file}:{problem.line}: {problem.strain}: {said}"


def _line_of_many(problems: Sequence[Problem]) -> str:
    """Summarise alike problems: their number, and ten examples."""
    first = problems[0]
    is_one_reason = all(problem.reason == first.reason for problem in problems)
    reason = first.reason if is_one_reason else _VARYING.sub("…", first.reason)
    examples = [
        f"{problem.line} ({' '.join(filter(None, (_example(problem), _quoted(problem.value))))})"
        for problem in problems[:ALIKE]
    ]
    said = f"{first.field} {reason}".strip()
    more = f" and {len(problems) - ALIKE} more"
    return f"{first.file}: {len(problems)} times: {said}: lines {', '.join(examples)}{more}"


def _example(problem: Problem) -> str:
    """Return the strain, unless the value shows it already."""
    return "" if problem.strain == problem.value else _cut(problem.strain)


def _quoted(value: str) -> str:
    # Quoted, so that control characters are escaped.
    return json.dumps(_cut(value), ensure_ascii=False) if value else ""


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"

"""Read what a repository answered: accessions by strain, and why others were rejected.

GISAID: the log of its command line, as JSON or as text, or a table downloaded from EpiCoV. GenBank:
AccessionReport.tsv, or a list of two columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from control.cells import read_lines, separator_of, split_cells
from control.errors import ControlError
from control.input_files import open_input

# Of a message of the repository, as much as a row keeps.
LONGEST_MESSAGE = 1_000
ACCEPTED = "epi_isl_id"
REJECTED = ("validation_error", "upload_error", "missing_seq")
LOG_LINE = re.compile(r"([a-z_]+):\s+(.*)")
# Column of the strain → column of the accession, as repositories call them.
COLUMNS = {
    "GISAID": {
        "virus name": "accession id",
        "covv_virus_name": "covv_accession_id",
        "strain": "gisaid_epi_isl",
    },
    "GenBank": {
        "sequence id": "#accession",
        "sequence_id": "accession",
        "strain": "genbank_accession",
    },
}
ACCESSIONS = {
    "GISAID": re.compile(r"EPI_ISL_[0-9]{1,12}"),
    "GenBank": re.compile(
        r"(?:[A-Z][0-9]{5}|[A-Z]{2}[0-9]{6,8}|[A-Z]{4,6}[0-9]{8,10})(?:\.[0-9]+)?"
    ),
}
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a line says of a strain: its accession, or why there is none."""

    line: int
    strain: str
    accession: str | None
    message: str | None = None


@dataclass(frozen=True)
class Receipt:
    """The answers of a repository, and what is wrong with other lines."""

    path: Path
    answers: tuple[Answer, ...]
    problems: tuple[tuple[int, str], ...]


def read_receipt(path: Path, repository: str) -> Receipt:
    """Read a whole file, in the form that it begins like."""
    if repository not in COLUMNS:
        raise ControlError(
            f"the receipts of {repository} are not known", "give one of GISAID or GenBank"
        )
    with open_input(path) as file:
        lines = list(read_lines(file))
    if not lines:
        raise ControlError(f"{path} is empty", "give the file that the repository sent")
    first = lines[0][1].lstrip()
    if repository == "GISAID" and first[:1] in ("[", "{"):
        answers = list(_of_log(_json_entries(path, lines)))
    elif repository == "GISAID" and LOG_LINE.fullmatch(first):
        answers = list(_of_log(_text_entries(lines)))
    else:
        answers = list(_of_table(path, repository, lines))
    problems = [*_problems(answers, ACCESSIONS[repository].fullmatch)]
    bad = {line for line, _ in problems}
    kept = [answer for answer in answers if answer.line not in bad]
    if not answers:
        raise ControlError(
            f"{path} says nothing of a strain", "give the file that the repository sent"
        )
    return Receipt(path, tuple(kept), tuple(problems))


def _json_entries(path: Path, lines: list[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    """Yield line, code and message of a log of JSON: one list, or one object in each line."""
    is_list = lines[0][1].lstrip().startswith("[")
    try:
        entries: list[tuple[int, Any]] = (
            [
                (number, entry)
                for number, entry in enumerate(json.loads("\n".join(t for _, t in lines)), 1)
            ]
            if is_list
            else [(number, json.loads(text)) for number, text in lines]
        )
        for number, entry in entries:
            yield number, str(entry["code"]), str(entry["msg"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ControlError(
            f"{path} is not a log of GISAID's command line",
            'it must look like [{"code": "epi_isl_id", "msg": "STRAIN; EPI_ISL_1"}]',
        ) from error


def _text_entries(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    for number, text in lines:
        if match := LOG_LINE.fullmatch(text.strip()):
            yield number, match[1], match[2]


def _of_log(entries: Iterable[tuple[int, str, str]]) -> Iterator[Answer]:
    for number, code, message in entries:
        strain, _, rest = (part.strip() for part in message.partition(";"))
        if code == ACCEPTED:
            yield Answer(number, strain, rest)
        elif code in REJECTED:
            reason = rest.removeprefix(code).lstrip("; ") or code
            yield Answer(number, strain, None, _shown(reason))


def _of_table(path: Path, repository: str, lines: list[tuple[int, str]]) -> Iterator[Answer]:
    separator = separator_of(lines[0][1])
    names = [name.strip().lower() for name in split_cells(lines[0][1], separator)]
    known = COLUMNS[repository]
    strain = next((name for name in known if name in names and known[name] in names), None)
    if strain is not None:
        places, rows = (names.index(strain), names.index(known[strain])), lines[1:]
    else:
        places, rows = _places_of_two(path, repository, lines[0][1], separator), lines
    for number, text in rows:
        cells = [cell.strip() for cell in split_cells(text, separator)]
        if len(cells) > max(places):
            yield Answer(number, cells[places[0]], cells[places[1]])
        else:
            yield Answer(number, "", "")


def _places_of_two(path: Path, repository: str, line: str, separator: str) -> tuple[int, int]:
    """Return where strain and accession are in a list of two columns without a header."""
    cells = [cell.strip() for cell in split_cells(line, separator)]
    fits = [ACCESSIONS[repository].fullmatch(cell) is not None for cell in cells]
    if len(cells) != 2 or sum(fits) != 1:
        wanted = " or ".join(
            f"{name!r} and {other!r}" for name, other in COLUMNS[repository].items()
        )
        raise ControlError(
            f"{path} is no receipt of {repository}", f"give a table with the columns {wanted}"
        )
    return (1, 0) if fits[0] else (0, 1)


def _problems(
    answers: Iterable[Answer], is_accession: Callable[[str], object]
) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with a receipt in itself, by line."""
    by_strain: dict[str, Answer] = {}
    by_accession: dict[str, Answer] = {}
    for answer in answers:
        if not answer.strain or answer.accession == "":
            yield answer.line, "has no strain or no accession"
            continue
        if answer.accession is None:
            continue
        if not is_accession(answer.accession):
            yield answer.line, f"{answer.accession!r} is no accession"
            continue
        same = by_strain.setdefault(answer.strain, answer)
        if same.accession != answer.accession:
            yield (
                answer.line,
                f"{answer.strain} has the accession {answer.accession} here and {same.accession}"
                f" in line {same.line}",
            )
        other = by_accession.setdefault(answer.accession, answer)
        if other.strain != answer.strain:
            yield (
                answer.line,
                f"{answer.accession} is the accession of {answer.strain} here and of"
                f" {other.strain} in line {other.line}",
            )


def _shown(text: str) -> str:
    return _UNSEEN.sub("\ufffd", text)[:LONGEST_MESSAGE]

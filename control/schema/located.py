"""Say where in a file the server found a mistake: line, statement, and a caret where it knows."""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg

_LINES_AROUND = 3
_LINE_OF_BODY = re.compile(r'function "?[\w.]+"?(?:\([^)]*\))? (?:near )?line (\d+)')
_BODY = re.compile(r"\$(?P<tag>\w*)\$(?P<body>.*?)\$(?P=tag)\$", re.DOTALL)


@dataclass(frozen=True)
class Statement:
    """Hold one statement of a file; `start` is the offset of its first character."""

    text: str
    start: int


def locate(error: psycopg.Error, name: str, text: str, statement: Statement) -> str:
    """Return the server's error with file, line and statement, closer if it sent a position."""
    diag = error.diag
    found = _offset_in(statement.text, diag)
    offset = statement.start + (found or 0)
    line = text.count("\n", 0, offset) + 1
    message = [f"{name}, line {line}: {diag.message_primary or error} [{error.sqlstate}]"]
    message += [
        f"{label}: {value}"
        for label, value in (
            ("detail", diag.message_detail),
            ("hint", diag.message_hint),
            ("in", diag.context),
        )
        if value
    ]
    first = text.count("\n", 0, statement.start) + 1
    # What comes before the mistake in its line.
    lead = None if found is None else text[text.rfind("\n", 0, offset) + 1 : offset]
    message += ["the statement:", *_excerpt(statement.text, first, line, lead)]
    return "\n".join(message)


def _offset_in(statement: str, diag: psycopg.errors.Diagnostic) -> int | None:
    """Find the mistake in a statement; None where the server says nothing about it."""
    if diag.statement_position:
        return int(diag.statement_position) - 1
    if diag.internal_query and diag.internal_position:
        # The body of a function, or one of its statements; the server writes perform as SELECT.
        at = int(diag.internal_position) - 1
        for known in (diag.internal_query, diag.internal_query.partition(" ")[2]):
            skipped = len(diag.internal_query) - len(known)
            if known and at >= skipped and statement.count(known) == 1:
                return statement.index(known) + at - skipped
    return _offset_of_line(statement, diag.context or "")


def _offset_of_line(statement: str, context: str) -> int | None:
    """Find the line of a PL/pgSQL body that the server counts from its opening quote."""
    told, body = _LINE_OF_BODY.findall(context), _BODY.search(statement)
    if not told or not body:
        return None
    lines = body["body"].split("\n")
    # The last one is the outermost: a block here may call what is written elsewhere.
    number = int(told[-1])
    if not 1 <= number <= len(lines):
        return None
    before = sum(len(line) + 1 for line in lines[: number - 1])
    indent = len(lines[number - 1]) - len(lines[number - 1].lstrip())
    return body.start("body") + before + indent


def _excerpt(statement: str, first: int, marked: int, lead: str | None) -> list[str]:
    """Return the statement's first line and those around the marked one, numbered.

    A caret below the marked line shows where in it, if `lead` says what comes before.
    """
    shown = []
    for number, line in enumerate(statement.split("\n"), start=first):
        if number == first or abs(number - marked) <= _LINES_AROUND:
            shown.append(f"{'>' if number == marked else ' '} {number:>4} | {line}")
        if number == marked and lead is not None:
            indent = "".join(character if character == "\t" else " " for character in lead)
            shown.append(f"       | {indent}^")
    return shown

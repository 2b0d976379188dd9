"""SQL files, one statement at a time, so that a failure names file, line and statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import errors

from control.errors import ControlError
from control.text_files import read_text

# The lexical rules psql splits by: inside none of the first five does a semicolon end a statement.
_TOKEN = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\* )
    | (?P<quoted> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
                | \$(?P<tag>(?:[^\W\d]\w*)?)\$ .*? \$(?P=tag)\$ )
    | (?P<word> [^\W\d][\w$]* )
    | (?P<mark> [();] )
    | (?P<space> \s+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_COMMENT_MARK = re.compile(r"/\*|\*/")
_LINES_AROUND = 3
_TRANSACTION_CONTROL = re.compile(
    r"(?:abort|begin|commit|end|release|rollback|savepoint|start\s+transaction"
    r"|prepare\s+transaction)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Statement:
    """One statement of a file; `start` is the offset of its first character."""

    text: str
    start: int


def split_statements(text: str) -> list[Statement]:
    """Split a file at its semicolons, minding quotes, comments, brackets and `begin atomic`."""
    statements: list[Statement] = []
    start: int | None = None
    words: list[str] = []
    brackets = blocks = 0
    for kind, token, offset in _tokens(text):
        if start is None:
            if token == ";":
                continue
            start, words, brackets, blocks = offset, [], 0, 0
        if kind == "word":
            words = [*words, token.lower()] if len(words) < 4 else words
            if brackets == 0 and _creates_routine(words):
                blocks += _block_depth(token.lower(), blocks)
        elif token == "(":
            brackets += 1
        elif token == ")":
            brackets = max(brackets - 1, 0)
        elif token == ";" and brackets == 0 and blocks == 0:
            statements.append(Statement(text[start:offset], start))
            start = None
    if start is not None:
        statements.append(Statement(text[start:].rstrip(), start))
    return statements


def run_script(conn: psycopg.Connection, path: Path, name: str) -> None:
    """Run every statement of `path` on `conn`, as it is and with no parameters.

    Lock timeouts and deadlocks pass through untranslated, because a caller can try those again.
    """
    text = read_text(path, name)
    statements = split_statements(text)
    for statement in statements:
        if _TRANSACTION_CONTROL.match(statement.text):
            line = text.count("\n", 0, statement.start) + 1
            raise ControlError(
                f"{name}, line {line}: {statement.text.split(maxsplit=1)[0].lower()} would end the"
                " transaction that keeps everything or nothing",
                f"take it out of {name}; files run in a transaction of their own",
            )
    for statement in statements:
        try:
            conn.execute(statement.text.encode(), prepare=False)
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            raise
        except psycopg.Error as error:
            raise _located(error, name, text, statement) from error


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Everything of `text` that is neither space nor comment, with its offset."""
    offset = 0
    while match := _TOKEN.match(text, offset):
        kind = match.lastgroup or ""
        offset = match.end()
        if match[0] == "/*":
            offset = _end_of_block_comment(text, offset)
        elif kind not in ("comment", "space"):
            yield kind, match[0], match.start()


def _end_of_block_comment(text: str, offset: int) -> int:
    depth = 1
    while depth and (match := _BLOCK_COMMENT_MARK.search(text, offset)):
        depth += 1 if match[0] == "/*" else -1
        offset = match.end()
    return offset if depth == 0 else len(text)


def _creates_routine(words: list[str]) -> bool:
    routines = ("function", "procedure")
    return words[:1] == ["create"] and (
        words[1:2] in ([routine] for routine in routines)
        or words[1:4] in (["or", "replace", routine] for routine in routines)
    )


def _block_depth(word: str, blocks: int) -> int:
    """How a word changes the depth of `begin … end`: `case` opens one only inside another."""
    if word == "begin" or (word == "case" and blocks):
        return 1
    return -1 if word == "end" and blocks else 0


def _located(error: psycopg.Error, name: str, text: str, statement: Statement) -> ControlError:
    """The server's error with file, line and statement, closer if it sent a position."""
    diag = error.diag
    position = int(diag.statement_position or 1) - 1
    line = text.count("\n", 0, statement.start + position) + 1
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
    message += ["the statement:", *_excerpt(statement.text, first, line)]
    return ControlError("\n".join(message), f"correct {name} and run the command again")


def _excerpt(statement: str, first: int, marked: int) -> list[str]:
    """The statement's first line and those around the marked one, numbered as in the file."""
    shown = [
        f"{'>' if number == marked else ' '} {number:>4} | {line}"
        for number, line in enumerate(statement.split("\n"), start=first)
        if number == first or abs(number - marked) <= _LINES_AROUND
    ]
    return shown

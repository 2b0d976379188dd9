"""Run SQL files one statement at a time, so that a failure names file, line and statement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import psycopg
from psycopg import errors

from control.errors import ControlError
from control.schema.located import Statement, locate
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
_DO = re.compile(r"^do\b", re.IGNORECASE | re.MULTILINE)
_FORBIDDEN = (
    (
        re.compile(
            r"(?:abort|begin|commit|end|release|rollback|savepoint|start\s+transaction"
            r"|prepare\s+transaction)\b",
            re.IGNORECASE,
        ),
        "would end the transaction that keeps everything or nothing",
        "take it out; files run in a transaction of their own",
    ),
    (
        re.compile(
            r"(?:set\s+(?:session\s+)?(?:role|search_path|schema|session\s+authorization)"
            r"|reset\s+(?:role|search_path|session\s+authorization|all)|discard)\b",
            re.IGNORECASE,
        ),
        "would hold for whatever comes after this file",
        "name objects with their schema; where another role is needed: set local role none, and"
        " set local role aspen_owner at the end",
    ),
)
_MORE_TIME = (
    "split the migration, so that no statement holds others up for so long, or allow it more in its"
    " head: `-- statement-timeout: 10min`"
)
# Classes of SQLSTATE that tell of the server or the connection, whatever the statement was:
# connection, resources, intervention of an operator, system, internal.
_NOT_OF_THE_FILE = ("08", "53", "57", "58", "XX")


class Interrupted(ControlError):
    """Say that server or connection failed; the caller knows what that leaves and what to do."""


# More than there are files: `control sql watch` reads them again and again.
@lru_cache(maxsize=4096)
def split_statements(text: str) -> tuple[Statement, ...]:
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
    return tuple(statements)


@dataclass(frozen=True)
class Script:
    """Hold a file of SQL, read before anything waits for it; `name` is what messages say."""

    name: str
    text: str

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Split the text, which takes longer than reading it."""
        return split_statements(self.text)

    @cached_property
    def creates_what_is_missing(self) -> bool:
        """Tell whether it consists of `do` blocks, which read the catalogue.

        Such a file can run again while what it made is there.
        """
        # Splitting takes longer than looking for the word.
        return bool(_DO.search(self.text)) and all(_DO.match(one.text) for one in self.statements)

    def refuse_forbidden(self) -> None:
        """Refuse statements that would end the transaction or change the session."""
        for statement in self.statements:
            for forbidden, consequence, remedy in _FORBIDDEN:
                if match := forbidden.match(statement.text):
                    line = self.text.count("\n", 0, statement.start) + 1
                    word = " ".join(match[0].lower().split())
                    raise ControlError(f"{self.name}, line {line}: {word} {consequence}", remedy)

    def run(self, conn: psycopg.Connection) -> None:
        """Run every statement as it is and with no parameters, so that a failure names it.

        Lock timeouts and deadlocks pass through untranslated, because a caller can try again.
        """
        for statement in self.statements:
            self.run_one(conn, statement)

    def run_one(self, conn: psycopg.Connection, statement: Statement) -> int:
        """Run one statement of this file; return how many rows it touched."""
        with self._naming(conn, statement):
            return conn.execute(statement.text.encode(), prepare=False).rowcount

    @contextmanager
    def _naming(self, conn: psycopg.Connection, statement: Statement) -> Iterator[None]:
        try:
            yield
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            raise
        except psycopg.Error as error:
            if not _ran_out_of_time(error):
                raise_interrupted(conn, error, self.name)
            remedy = f"correct {self.name} and run the command again"
            raise ControlError(
                locate(error, self.name, self.text, statement),
                _MORE_TIME if _ran_out_of_time(error) else remedy,
            ) from error


def run_at_once(conn: psycopg.Connection, scripts: Iterable[Script]) -> None:
    """Run files in one message to the server, for a caller whose locks hold up others.

    What fails is not named: these are files that were tried.
    """
    if texts := [script.text for script in scripts if script.statements]:
        conn.execute("\n;\n".join(texts).encode(), prepare=False)


def _ran_out_of_time(error: psycopg.Error) -> bool:
    """Tell a statement timeout, of which the file can say more, from what an operator canceled."""
    return isinstance(error, errors.QueryCanceled) and "statement timeout" in str(error)


def raise_interrupted(conn: psycopg.Connection, error: psycopg.Error, name: str) -> None:
    """Raise what befell the server or the connection while a file ran that may be right."""
    if conn.broken or (error.sqlstate or "08").startswith(_NOT_OF_THE_FILE):
        said = " ".join((error.diag.message_primary or str(error)).split())
        code = f" [{error.sqlstate}]" if error.sqlstate else ""
        raise Interrupted(f"{name} was interrupted and is not to blame: {said}{code}") from error


def read_script(path: Path, name: str) -> Script:
    """Read a file, and refuse what would end its transaction or change its session."""
    script = Script(name, read_text(path, name))
    script.refuse_forbidden()
    return script


def refuse_changed_session(conn: psycopg.Connection, name: str) -> None:
    """Refuse a script after which the next one would run as another role or find other names."""
    left = conn.execute(
        "select current_user = 'aspen_owner' and current_setting('search_path') in ('', '\"\"')"
    ).fetchone()
    if left != (True,):
        raise ControlError(
            f"{name} leaves role or search_path other than it found them",
            "set them back at its end: set local role aspen_owner; set local search_path = ''",
        )


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Find everything of `text` that is neither space nor comment, with its offset."""
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
    """Tell how a word changes the depth of `begin … end`: `case` opens one only inside it."""
    if word == "begin" or (word == "case" and blocks):
        return 1
    return -1 if word == "end" and blocks else 0

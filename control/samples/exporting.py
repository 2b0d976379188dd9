"""Write the samples of a group to files that an import reads, row by row and in one snapshot."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, LiteralString

import psycopg
from psycopg import sql

from control.cells import read_table
from control.database import acting_as
from control.errors import ControlError
from control.queries import query

ROLE = "member"
STDOUT = Path("-")
# Format of the metadata → what COPY writes.
FORMATS: Mapping[str, LiteralString] = {
    "tsv": "format csv, header, delimiter E'\\t'",
    "csv": "format csv, header",
    "ndjson": "format text",
}
# How an import reads what JSON has types for; a single name with a comma is no list.
VALUES: Mapping[str, LiteralString] = {
    "is_private": "samples.is_private",
    "authors": "samples.authors",
}
CELLS: Mapping[str, LiteralString] = {
    "is_private": "samples.is_private::text",
    "authors": (
        "array_to_string(samples.authors, '; ')"
        " || case when cardinality(samples.authors) = 1 then ';' else '' end"
    ),
}


@dataclass(frozen=True)
class Filter:
    """Which samples of a group are exported; None does not limit them."""

    group_id: int
    pathogen_id: int
    identifiers: list[str] | None = None
    lineages: list[str] | None = None
    collected_from: date | None = None
    collected_to: date | None = None
    uploaded_from: date | None = None
    uploaded_to: date | None = None


@dataclass(frozen=True)
class Files:
    """The files to write; "-" is standard output."""

    metadata: Path | None
    sequences: Path | None
    format: str = "tsv"


@dataclass(frozen=True)
class ExportReport:
    """How many rows and records were written; None for a file that was not wanted."""

    samples: int | None
    sequences: int | None


def export_samples(
    conn: psycopg.Connection,
    chosen: Filter,
    files: Files,
    *,
    subject: str | None = None,
    advance: Callable[[int], object] = lambda done: None,
) -> ExportReport:
    """Write the files, as role control or with the rights of a user in the API."""
    conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    request = nullcontext() if subject is None else acting_as(conn, role=ROLE, subject=subject)
    with conn.transaction(), request:
        schema = "aspen" if subject is None else "api"
        samples = sequences = None
        if files.metadata is not None:
            rows = _metadata(conn, schema, chosen, files.format)
            samples = _write(files.metadata, rows, advance)
            samples -= files.format != "ndjson"
        if files.sequences is not None:
            sequences = _write(files.sequences, _sequences(conn, schema, chosen), advance)
    return ExportReport(samples, sequences)


def read_identifiers(path: Path) -> list[str]:
    """Return the identifiers of a table with a column private_identifier or public_identifier."""
    table = read_table(path, ())
    column = next(
        (name for name in ("private_identifier", "public_identifier") if name in table.columns),
        None,
    )
    if column is None:
        raise ControlError(
            f"{path} has no column private_identifier or public_identifier",
            "name one of them in its first line",
        )
    if table.unread:
        line, reason = table.unread[0]
        raise ControlError(f"{path}, line {line}: {reason}", "correct this line")
    return [row.cells[column] for row in table.rows if row.cells[column]]


def find_identifiers(conn: psycopg.Connection, chosen: Filter, subject: str) -> list[str]:
    """Return the public identifiers of the samples that a user may see of those chosen."""
    with conn.transaction(), acting_as(conn, role=ROLE, subject=subject):
        rows = conn.execute(
            _statement(query("samples/export_identifiers"), "api"), asdict(chosen)
        ).fetchall()
    if not rows:
        raise ControlError("no sample is chosen", "choose other lineages or days of collection")
    return [identifier for (identifier,) in rows]


def _statement(rows: bytes, schema: str, **parts: LiteralString) -> sql.Composed:
    text = rows.replace(b"{filter}", query("samples/export_filter")).decode()
    written = {part: sql.SQL(value) for part, value in parts.items()}
    return sql.SQL(text).format(schema=sql.Identifier(schema), **written)


def _metadata(conn: psycopg.Connection, schema: str, chosen: Filter, form: str) -> Iterator[bytes]:
    rows = _statement(
        query("samples/export_metadata"), schema, **(VALUES if form == "ndjson" else CELLS)
    )
    if form == "ndjson":
        yield from _records(
            conn, sql.SQL("select to_json(rows) from ({}) as rows").format(rows), chosen
        )
        return
    statement = sql.SQL("copy ({}) to stdout ({})").format(rows, sql.SQL(FORMATS[form]))
    with conn.cursor() as cursor, cursor.copy(statement, asdict(chosen)) as copy:
        yield from (bytes(piece) for piece in copy)


def _sequences(conn: psycopg.Connection, schema: str, chosen: Filter) -> Iterator[bytes]:
    yield from _records(conn, _statement(query("samples/export_sequences"), schema), chosen)


def _records(conn: psycopg.Connection, rows: sql.Composed, chosen: Filter) -> Iterator[bytes]:
    """Yield the only column of each row, as COPY sends it, so that no row is kept."""
    statement = sql.SQL("copy ({}) to stdout").format(rows)
    with conn.cursor() as cursor, cursor.copy(statement, asdict(chosen)) as copy:
        yield from (f"{row[0]}\n".encode() for row in copy.rows())


def _write(path: Path, lines: Iterable[bytes], advance: Callable[[int], object]) -> int:
    count = 0
    with _opened(path) as write:
        for line in lines:
            write(line)
            count += 1
            advance(1)
    return count


@contextmanager
def _opened(path: Path) -> Iterator[Callable[[bytes], object]]:
    """Open a file that appears under its name only when it is whole; a pipe is written directly."""
    if path == STDOUT:
        yield lambda line: sys.stdout.write(line.decode())
        sys.stdout.flush()
        return
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as pipe:
                yield pipe.write
            return
        with _beside(path) as file:
            yield file.write
    except OSError as error:
        raise ControlError(
            f"{path} could not be written: {error.strerror}", "name a file you may write"
        ) from error


@contextmanager
def _beside(path: Path) -> Iterator[IO[bytes]]:
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            yield file
            file.flush()
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise

"""Show answers of the API: as they are to programs, and as tables or indented JSON to people."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeGuard

from control.terminal import one_line, table
from control.whole_files import whole_file

_PIECE_BYTES = 1 << 18
# Longer cells would hide the others.
_LONGEST_CELL = 60
Echo = Callable[[str], object]
Rows = Sequence[dict[str, Any]]


class Readable(Protocol):
    """The content of an answer."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""


def copy_text(response: Readable, echo: Echo) -> None:
    """Write the content as it arrives."""
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    while piece := response.read(_PIECE_BYTES):
        echo(decoder.decode(piece))
    echo(decoder.decode(b"", final=True))


def save(response: Readable, path: Path) -> int:
    """Write the content to a file, which is there when all of it has arrived."""
    size = 0
    with whole_file(path) as file:
        while piece := response.read(_PIECE_BYTES):
            size += file.write(piece)
    return size


def as_array(pages: Iterable[Rows]) -> Iterator[str]:
    """Yield one JSON array, a row on each line."""
    before = "[\n"
    for page in pages:
        for row in page:
            yield f"{before}{_json(row)}"
            before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def as_lines(pages: Iterable[Rows]) -> Iterator[str]:
    """Yield each row as JSON on a line of its own."""
    for page in pages:
        for row in page:
            yield f"{_json(row)}\n"


def as_table(rows: Rows, width: int) -> Iterator[str]:
    """Yield rows as a table, or, where that is wider than the terminal, one column on a line."""
    if not rows:
        yield "no rows"
        return
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    lines = list(table([columns, *cells], None))
    if max(map(len, lines)) <= width:
        yield from lines
        return
    widest = max(map(len, columns))
    for number, row in enumerate(cells):
        if number:
            yield ""
        yield from (
            f"{name:<{widest}}  {cell}"[:width] for name, cell in zip(columns, row, strict=True)
        )


def is_table(found: object) -> TypeGuard[Rows]:
    """Return whether this is a list of objects."""
    return isinstance(found, list) and all(isinstance(one, dict) for one in found)


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = one_line(value) if isinstance(value, str) else _json(value)
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)

"""Reading text files that people and other programs wrote."""

from __future__ import annotations

from pathlib import Path

from control.errors import ControlError


def read_text(path: Path, name: str | None = None) -> str:
    """The text of a file, which must be UTF-8; `name` is what messages call it.

    Lines end as editors of every system end them, and a byte order mark is no part of the text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ControlError(
            f"{name or path}, line {line}: this is not UTF-8 text", "save the file as UTF-8"
        ) from error

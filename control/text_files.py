"""Read text files that people and other programs wrote."""

from __future__ import annotations

from pathlib import Path

from control.errors import ControlError


def read_text(path: Path, name: str | None = None) -> str:
    """Return the text of a UTF-8 file; messages call it `name`.

    All kinds of line ends are accepted, and a byte-order mark is dropped.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ControlError(
            f"{name or path}, line {line}: this is not UTF-8 text", "save the file as UTF-8"
        ) from error

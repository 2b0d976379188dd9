"""The longer statements, each in a file beside this one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@cache
def query(name: str) -> bytes:
    """The statement of `<name>.sql`."""
    return (_FOLDER / f"{name}.sql").read_bytes()

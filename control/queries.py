"""Read the statements of the control plane, each in a file under control/sql/."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("sql")


@cache
def query(name: str) -> bytes:
    """Return the statement in `control/sql/<name>.sql`; `name` is `<room>/<statement>`."""
    return (_FOLDER / f"{name}.sql").read_bytes()

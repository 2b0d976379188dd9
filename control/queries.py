"""Read the statements of the control plane, each in a file under control/sql/.

`control/sql/<room>/<statement>.sql` is the one home of the longer statements, and this module the
one that reads them. A statement of at most five lines stands in the Python function that runs it;
a longer one gets a file of its own, which a DBA can read without reading Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

_FOLDER = Path(__file__).with_name("sql")


@cache
def query(name: str) -> bytes:
    """Return the statement in `control/sql/<name>.sql`; `name` is `<room>/<statement>`."""
    return (_FOLDER / f"{name}.sql").read_bytes()


def run_query(
    conn: psycopg.Connection, name: str, values: Mapping[str, object] | None = None
) -> int:
    """Run the statement in `control/sql/<name>.sql` and return how many rows it wrote."""
    return conn.execute(query(name), values).rowcount

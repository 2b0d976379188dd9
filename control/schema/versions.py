"""Find the previous versions of the API: the folders sql/api_v1, sql/api_v2 … and their schemas.

postgrest.conf lists the schemas that PostgREST serves; the two must name the same versions.
"""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
from psycopg import sql

from control.errors import ControlError
from control.text_files import read_text

CURRENT = "api"
VERSION = re.compile(r"api_v[1-9][0-9]{0,3}")
# Where sql/ makes the schema of a version and says when it ends.
SCHEMA_FILE = re.compile(rf"{VERSION.pattern}/schema\.sql")
CONFIGURATION = "postgrest.conf"
_SERVED = re.compile(r'^db-schemas\s*=\s*"(?P<names>[^"]*)"', re.MULTILINE)


def versions_in(root: Path) -> tuple[str, ...]:
    """Name the previous versions that sql/ has, oldest first."""
    folder = root / "sql"
    found = [path.parent.name for path in folder.glob(f"{CURRENT}_v*/schema.sql")]
    return tuple(sorted(filter(VERSION.fullmatch, found), key=number_of))


def number_of(version: str) -> int:
    """Return the number of a version."""
    return int(version.removeprefix(f"{CURRENT}_v"))


def api_versions(conn: psycopg.Connection) -> list[str]:
    """Name the API and the previous versions of it that a database has, oldest first."""
    found = conn.execute("select nspname from pg_catalog.pg_namespace").fetchall()
    return [CURRENT, *sorted((name for (name,) in found if VERSION.fullmatch(name)), key=number_of)]


def profile(version: str, method: str) -> tuple[tuple[str, str], ...]:
    """Return the header by which a request asks for a previous version; none for the API."""
    name = "Accept-Profile" if method in ("GET", "HEAD") else "Content-Profile"
    return () if version == CURRENT else ((name, version),)


def check_served(root: Path) -> None:
    """Refuse a checkout whose PostgREST would serve other versions than sql/ has."""
    path = root / CONFIGURATION
    if not path.is_file():
        return
    served = _SERVED.search(read_text(path, CONFIGURATION))
    if served is None:
        return
    names = [name.strip() for name in served["names"].split(",")]
    wanted = [CURRENT, *versions_in(root)]
    # PostgREST takes the first for a request that names none.
    if names[:1] != [CURRENT] or sorted(names) != sorted(wanted):
        raise ControlError(
            f"{CONFIGURATION} serves {', '.join(names)}, and sql/ has {', '.join(wanted)}",
            f'write db-schemas = "{", ".join(wanted)}" in {CONFIGURATION}, or restore the folder',
        )


def drop_gone_versions(conn: psycopg.Connection, kept: tuple[str, ...]) -> None:
    """Drop the schemas of versions that sql/ no longer has, once their code is gone.

    A schema that contains anything else is not dropped: PostgreSQL refuses.
    """
    gone = conn.execute(
        "select nspname from pg_catalog.pg_namespace"
        " where nspname ~ %s and nspname <> all(%s) order by nspname",
        [f"^{VERSION.pattern}$", list(kept)],
    ).fetchall()
    for (name,) in gone:
        conn.execute(sql.SQL("drop schema {}").format(sql.Identifier(name)))

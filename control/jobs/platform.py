"""Queue jobs of the platform: those that belong to no group of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from control.errors import ControlError

if TYPE_CHECKING:
    import psycopg

# The reserved group that owns them.
PLATFORM = 0


def queue_platform_job(
    conn: psycopg.Connection,
    kind: str,
    *,
    pathogen_id: int | None = None,
    public_repository_id: int | None = None,
) -> int:
    """Queue a job and return its id."""
    row = conn.execute(
        "select internal.queue_job(%s, %s, %s, public_repository_id => %s)",
        [PLATFORM, pathogen_id, kind, public_repository_id],
    ).fetchone()
    assert row is not None
    return int(row[0])


def find_pathogen(conn: psycopg.Connection, slug: str) -> int:
    """Return the id of a pathogen, or refuse a slug that does not exist."""
    row = conn.execute("select id from aspen.pathogens where slug = %s", [slug]).fetchone()
    if row is None:
        raise ControlError(
            f"there is no pathogen {slug!r}", "use the slug of one that exists, such as SC2"
        )
    return int(row[0])


def find_repository(conn: psycopg.Connection, name: str) -> int:
    """Return the id of a public repository, or refuse a name that does not exist."""
    row = conn.execute(
        "select id from aspen.public_repositories where name = %s", [name]
    ).fetchone()
    if row is None:
        raise ControlError(
            f"there is no repository {name!r}", "use the name of one that exists, such as GenBank"
        )
    return int(row[0])

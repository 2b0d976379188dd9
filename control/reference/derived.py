"""Derive locations and accessions from the public sequences of a pathogen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from control.jobs.platform import end_platform_job
from control.queries import query, run_query

if TYPE_CHECKING:
    from control.jobs.states import Job


def derive_locations(
    conn: psycopg.Connection,
    pathogen_id: int | None,
    *,
    job: Job | None = None,
) -> int:
    """Create the locations of a pathogen's public sequences, with their divisions and countries."""
    with conn.transaction():
        row = conn.execute(
            query("reference/derive_locations"), {"pathogen_id": pathogen_id}
        ).fetchone()
        end_platform_job(conn, "locations", job, pathogen_id=pathogen_id)
    assert row is not None
    return int(row[0])


def derive_accessions(
    conn: psycopg.Connection,
    pathogen_id: int | None,
    public_repository_id: int | None,
    *,
    job: Job | None = None,
) -> int:
    """Give samples the accessions that a repository published for their public identifiers."""
    key = {"pathogen_id": pathogen_id, "public_repository_id": public_repository_id}
    with conn.transaction():
        written = run_query(conn, "reference/derive_accessions", key)
        end_platform_job(conn, "accessions", job, **key)
    return written

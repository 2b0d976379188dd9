"""List the queue of jobs, and cancel jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from control.errors import ControlError

if TYPE_CHECKING:
    import psycopg

STATUSES = ("queued", "running", "succeeded", "failed", "cancelled", "timed_out")


@dataclass(frozen=True)
class QueuedJob:
    """A job as operators see it."""

    id: int
    kind: str
    status: str
    attempt: int
    group_name: str
    pathogen: str | None
    name: str | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    inputs: int


def find_jobs(conn: psycopg.Connection, status: str | None, limit: int) -> list[QueuedJob]:
    """Return the newest jobs, of one status or of all."""
    return _find(conn, None, status, limit)


def get_job(conn: psycopg.Connection, job_id: int) -> QueuedJob:
    """Return one job."""
    found = _find(conn, job_id, None, 1)
    if not found:
        raise ControlError(f"there is no job {job_id}", "control job list shows those there are")
    return found[0]


def cancel_job(conn: psycopg.Connection, job_id: int, *, dry_run: bool = False) -> QueuedJob:
    """Cancel a job that has not ended; a cancelled job stays cancelled."""
    with conn.transaction(force_rollback=dry_run):
        conn.execute("select from internal.cancel_jobs(array[%s]::bigint[])", [job_id])
        job = get_job(conn, job_id)
    if job.status != "cancelled":
        raise ControlError(
            f"job {job_id} has ended: it {job.status.replace('_', ' ')}",
            "nothing is left to cancel",
        )
    return job


def _find(
    conn: psycopg.Connection, job_id: int | None, status: str | None, limit: int
) -> list[QueuedJob]:
    # Imported here: the command line needs the statuses without a database.
    from psycopg.rows import class_row

    from control.queries import query

    with conn.cursor(row_factory=class_row(QueuedJob)) as cursor:
        arguments = {"job_id": job_id, "status": status, "limit": limit}
        return cursor.execute(query("jobs/find_jobs"), arguments).fetchall()

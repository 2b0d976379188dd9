"""Take a job out of the queue for a program that an operator runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from control.errors import ControlError

if TYPE_CHECKING:
    import psycopg

# Name of the executor of a job that an operator runs.
BY_HAND = "manual"


@dataclass(frozen=True)
class StartedJob:
    """A running job, and the folder of its files."""

    job_id: int
    attempt: int
    kind: str
    output_prefix: str


def start_job(
    conn: psycopg.Connection,
    job_id: int,
    *,
    bucket: str,
    ttl: timedelta,
    dry_run: bool = False,
) -> StartedJob:
    """Start a queued job, and no other; it times out when the token that comes with it ends."""
    with conn.transaction(force_rollback=dry_run):
        row = conn.execute(
            "select jobs.attempt, jobs.kind, jobs.status from aspen.jobs as jobs"
            " where jobs.id = %s for no key update",
            [job_id],
        ).fetchone()
        if row is None:
            raise ControlError(
                f"there is no job {job_id}", "control job list shows those there are"
            )
        attempt, kind, status = row
        if status != "queued":
            raise ControlError(
                f"job {job_id} is {status.replace('_', ' ')}",
                "only a queued job can start; one that ended can be retried",
            )
        conn.execute("select internal.move_job(%s, 'start')", [job_id])
        conn.execute(
            "update aspen.jobs set executor = %s, deadline_at = clock_timestamp() + %s"
            " where id = %s",
            [BY_HAND, ttl, job_id],
        )
    return StartedJob(job_id, attempt, kind, f"s3://{bucket}/jobs/{job_id}/{attempt}/")

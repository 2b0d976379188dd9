"""The job whose outputs are registered: locked, looked at, brought to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from control.errors import ControlError


@dataclass(frozen=True)
class Job:
    """What registration needs to know of a job; group and pathogen come from here alone."""

    id: int
    group_id: int
    pathogen_id: int
    lineage_caller: str | None
    kind: str
    status: str
    attempt: int
    error: str | None

    @property
    def is_open(self) -> bool:
        """Whether its end is still to come."""
        return self.status in ("queued", "running")


def lock_job(conn: psycopg.Connection, job_id: int) -> Job:
    """The job, with its row locked until the transaction ends: whoever comes second waits."""
    with conn.cursor(row_factory=class_row(Job)) as cursor:
        job = cursor.execute(
            "select jobs.id, jobs.group_id, jobs.pathogen_id, pathogens.lineage_caller, jobs.kind,"
            " jobs.status, jobs.attempt, jobs.error"
            " from aspen.jobs as jobs"
            " inner join aspen.pathogens as pathogens on jobs.pathogen_id = pathogens.id"
            " where jobs.id = %s for no key update of jobs",
            [job_id],
        ).fetchone()
    if job is None:
        raise _no_such_job(job_id)
    return job


def require_job(conn: psycopg.Connection, job_id: int) -> None:
    """Refuse the id of a job that does not exist."""
    if conn.execute("select from aspen.jobs where id = %s", [job_id]).fetchone() is None:
        raise _no_such_job(job_id)


def _no_such_job(job_id: int) -> ControlError:
    return ControlError(f"there is no job {job_id}", "check the id; the run may be deleted")


def finish_job(
    conn: psycopg.Connection, job: Job, error: str | None, software_versions: Mapping[str, str]
) -> str:
    """Bring the job to its end; the status it has now."""
    status = "succeeded" if error is None else "failed"
    # The clock and not now(): another transaction may have started the job since this one began.
    conn.execute(
        "update aspen.jobs set status = %s, error = %s, software_versions = %s,"
        " started_at = coalesce(started_at, clock_timestamp()),"
        " finished_at = greatest(clock_timestamp(), started_at)"
        " where id = %s",
        [status, error, Jsonb(dict(software_versions)), job.id],
    )
    return status

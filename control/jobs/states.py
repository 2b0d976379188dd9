"""Lock the job whose outputs are registered, and bring it to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from control.errors import ControlError


@dataclass(frozen=True)
class Job:
    """Hold what registration needs to know of a job; group and pathogen come from here alone."""

    id: int
    group_id: int
    # None only for jobs of the platform.
    pathogen_id: int | None
    lineage_caller: str | None
    kind: str
    status: str
    attempt: int
    error: str | None
    is_open: bool
    public_repository_id: int | None = None
    # What a job of the platform is told: its source, or the data set that it reads.
    arguments: dict[str, Any] | None = None


def lock_job(conn: psycopg.Connection, job_id: int) -> Job:
    """Return the job, its row locked until the transaction ends: whoever comes second waits."""
    with conn.cursor(row_factory=class_row(Job)) as cursor:
        job = cursor.execute(
            "select jobs.id, jobs.group_id, jobs.pathogen_id, pathogens.lineage_caller, jobs.kind,"
            " jobs.status, jobs.attempt, jobs.error,"
            " jobs.status = any(internal.job_statuses_before('succeed')) as is_open,"
            " jobs.public_repository_id, jobs.arguments"
            " from aspen.jobs as jobs"
            " left join aspen.pathogens as pathogens on jobs.pathogen_id = pathogens.id"
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
    """Bring the attempt to its end, and return the status of the job; refused at another one."""
    action = "succeed" if error is None else "fail"
    row = conn.execute(
        "select internal.move_job(%s, %s, %s, %s, %s)",
        [job.id, action, error, Jsonb(dict(software_versions)), job.attempt],
    ).fetchone()
    assert row is not None
    return str(row[0])

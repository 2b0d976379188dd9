"""Take jobs from the queue, and say what became of them: the statements of workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from control.errors import ControlError
from control.queries import query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import psycopg

CHANNEL = "aspen_jobs"


@dataclass(frozen=True)
class Claim:
    """A job that a worker has taken, at one attempt."""

    job_id: int
    attempt: int
    kind: str
    pathogen: str | None
    group_id: int
    turn: int
    # Of the request that queued the job.
    traceparent: str | None = None


@dataclass(frozen=True)
class Kept:
    """A job that a worker still has; `is_overdue` if its time limit is over."""

    job_id: int
    attempt: int
    is_overdue: bool


@dataclass(frozen=True)
class Swept:
    """An attempt that lost its worker or took too long, and what became of the job."""

    job_id: int
    attempt: int
    status: str
    error: str
    executor: str | None
    handle: str | None


def claim_jobs(
    conn: psycopg.Connection,
    worker: str,
    wanted: int,
    kinds: Sequence[str] | None,
    after: tuple[int, int] | None,
) -> list[Claim]:
    """Take at most so many jobs; `after` is turn and id of the last one taken, None the front."""
    turn, job_id = after or (None, None)
    rows = conn.execute(
        "select job_id, attempt, kind, pathogen, group_id, turn, traceparent"
        " from internal.claim_jobs(%s, %s, %s, %s, %s) order by turn, job_id",
        [worker, wanted, list(kinds) if kinds else None, turn, job_id],
    ).fetchall()
    return [Claim(*row) for row in rows]


def note_launch(
    conn: psycopg.Connection, claim: Claim, executor: str, *, seconds: int, max_attempts: int
) -> datetime | None:
    """Store where an attempt runs, how long, and how many there are; None if it was lost.

    Return the time of the database, whose clock alone counts.
    """
    row = conn.execute(
        "update aspen.jobs set executor = %s, max_attempts = %s,"
        " deadline_at = clock_timestamp() + make_interval(secs => %s)"
        " where id = %s and attempt = %s and status = 'running' returning clock_timestamp()",
        [executor, max_attempts, seconds, claim.job_id, claim.attempt],
    ).fetchone()
    return None if row is None else row[0]


def note_handle(conn: psycopg.Connection, claim: Claim, executor: str, handle: str) -> None:
    """Store what the executor calls an attempt."""
    conn.execute(
        "update aspen.jobs set executor = %s, executor_handle = %s"
        " where id = %s and attempt = %s and status = 'running'",
        [executor, handle, claim.job_id, claim.attempt],
    )


def note_worker(conn: psycopg.Connection, worker: str) -> list[Kept]:
    """Say that a worker is alive, and return the jobs that it has."""
    rows = conn.execute("select * from internal.note_worker(%s)", [worker]).fetchall()
    return [Kept(*row) for row in rows]


def end_attempt(
    conn: psycopg.Connection,
    job_id: int,
    attempt: int,
    *,
    action: str,
    error: str,
    is_final: bool = False,
) -> str | None:
    """End an attempt without a result; None if the job has gone on without it."""
    row = conn.execute(
        "select internal.end_attempt(%s, %s, %s, %s, %s)",
        [job_id, attempt, action, error, is_final],
    ).fetchone()
    assert row is not None
    status: str | None = row[0]
    return status


def hand_back_jobs(conn: psycopg.Connection, worker: str) -> list[int]:
    """Queue the jobs of a worker that ends."""
    rows = conn.execute("select * from internal.hand_back_jobs(%s)", [worker]).fetchall()
    return [job_id for (job_id,) in rows]


def sweep_jobs(conn: psycopg.Connection) -> list[Swept]:
    """End the attempts that have lost their worker or took too long."""
    rows = conn.execute("select * from internal.sweep_jobs()").fetchall()
    return [Swept(*row) for row in rows]


def adopt_jobs(
    conn: psycopg.Connection, worker: str, executor: str
) -> list[tuple[Claim, str | None]]:
    """Take over attempts of workers that were lost; each with its handle, None if unknown."""
    rows = conn.execute("select * from internal.adopt_jobs(%s, %s)", [worker, executor]).fetchall()
    return [(Claim(*row[:6]), row[6]) for row in rows]


def find_unfollowed_jobs(
    conn: psycopg.Connection, worker: str, followed: Sequence[int]
) -> list[tuple[Claim, str | None, str | None]]:
    """Return what a worker has beside the jobs it follows, with executor and handle."""
    rows = conn.execute(
        query("jobs/find_unfollowed_jobs"), {"worker": worker, "followed": list(followed)}
    ).fetchall()
    return [(Claim(*row[:6]), row[6], row[7]) for row in rows]


def hand_back_attempt(conn: psycopg.Connection, claim: Claim) -> None:
    """Queue the job of an attempt that was never begun, which then does not count."""
    conn.execute("select internal.requeue_job(%s, 'hand_back')", [claim.job_id])


def is_followed_by_another(
    conn: psycopg.Connection, worker: str, job_id: int, attempt: int
) -> bool:
    """Tell whether the same attempt runs on, and another worker follows it."""
    row = conn.execute(
        "select from aspen.jobs"
        " where id = %s and attempt = %s and status = 'running' and worker <> %s",
        [job_id, attempt, worker],
    ).fetchone()
    return row is not None


def status_of(conn: psycopg.Connection, job_id: int, attempt: int) -> tuple[str | None, bool]:
    """Return the status of a job, None if it is at another attempt, and whether it has reported."""
    row = conn.execute(
        "select jobs.status, internal.is_reported(jobs.group_id, jobs.id, jobs.attempt)"
        " from aspen.jobs as jobs where jobs.id = %s and jobs.attempt = %s",
        [job_id, attempt],
    ).fetchone()
    return (None, False) if row is None else (row[0], row[1])


def count_ready(conn: psycopg.Connection, kinds: Sequence[str] | None) -> int:
    """Return how many queued jobs a worker would find."""
    row = conn.execute(
        "select count(*) from aspen.jobs as jobs"
        " inner join aspen.job_kinds as kinds on jobs.kind = kinds.name"
        " where jobs.status = 'queued' and jobs.due_at is null and not kinds.is_paused"
        " and (%(kinds)s::text[] is null or jobs.kind = any(%(kinds)s))",
        {"kinds": list(kinds) if kinds else None},
    ).fetchone()
    assert row is not None
    return int(row[0])


def set_paused(conn: psycopg.Connection, kind: str | None, *, is_paused: bool) -> list[str]:
    """Pause or resume the jobs of one kind or of all, and return the kinds that changed."""
    if kind is not None:
        require_kind(conn, kind)
    rows = conn.execute(
        "update aspen.job_kinds set is_paused = %(is_paused)s"
        " where (%(kind)s::text is null or name = %(kind)s) and is_paused <> %(is_paused)s"
        " returning name",
        {"kind": kind, "is_paused": is_paused},
    ).fetchall()
    conn.execute("select pg_notify(%s, '')", [CHANNEL])
    return sorted(name for (name,) in rows)


def set_limits(
    conn: psycopg.Connection, kind: str, most_running: int | None, most_of_group: int | None
) -> None:
    """Bound how many jobs of a kind run at once, in all and for each group."""
    require_kind(conn, kind)
    conn.execute(
        "update aspen.job_kinds set most_running = %s, most_running_of_group = %s where name = %s",
        [most_running, most_of_group, kind],
    )
    conn.execute("select pg_notify(%s, '')", [CHANNEL])


def require_kind(conn: psycopg.Connection, kind: str) -> None:
    """Refuse a kind of job that does not exist."""
    names = [name for (name,) in conn.execute("select name from aspen.job_kinds order by name")]
    if kind not in names:
        raise ControlError(f"there is no kind of job {kind!r}", f"there are: {', '.join(names)}")


def retry_jobs(
    conn: psycopg.Connection, job_id: int | None, *, kind: str | None = None
) -> list[int]:
    """Queue one ended job again, or all that are dead, of a kind if one is named."""
    if job_id is not None:
        conn.execute("select internal.move_job(%s, 'retry')", [job_id])
        return [job_id]
    if kind is not None:
        require_kind(conn, kind)
    rows = conn.execute(
        "select jobs.id from aspen.jobs as jobs where jobs.status in ('failed', 'timed_out')"
        " and (%(kind)s::text is null or jobs.kind = %(kind)s) order by jobs.id",
        {"kind": kind},
    ).fetchall()
    return [
        one for (one,) in rows if conn.execute("select internal.requeue_job(%s)", [one]).fetchone()
    ]

"""Take care of the attempts that lost their worker: follow on what still runs, end the rest.

What an executor runs elsewhere goes on without its worker. The next worker follows it by the name
that job and attempt give it. Where nobody does, the attempt ends, and what runs of it is stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from control.errors import ControlError
from control.jobs.queue import (
    Claim,
    Swept,
    adopt_jobs,
    end_attempt,
    find_unfollowed_jobs,
    hand_back_attempt,
    note_handle,
    sweep_jobs,
)

if TYPE_CHECKING:
    import psycopg

    from control.jobs.executors import Executor

# More than a slow answer makes of the difference between two clocks.
JUMP_SECONDS = 5.0
NEVER_STARTED = "its worker was lost before it started"


class SteadyClock:
    """Compare the clock of the database with one of this process that nobody sets."""

    def __init__(self) -> None:
        self._apart: float | None = None

    def has_jumped(self, conn: psycopg.Connection) -> bool:
        """Tell whether somebody has set the clock of the database since the last look."""
        row = conn.execute("select extract(epoch from clock_timestamp())::float8").fetchone()
        assert row is not None
        before, self._apart = self._apart, row[0] - time.monotonic()
        return before is not None and abs(self._apart - before) > JUMP_SECONDS


def adopt_attempts(
    conn: psycopg.Connection, worker: str, name: str, executor: Executor
) -> list[tuple[Claim, str]]:
    """Take over what runs without its worker; return each attempt with its handle.

    ControlError, and nothing changed, if the executor cannot be asked now.
    """
    adopted = []
    if not executor.outlives_worker:
        return []
    with conn.transaction():
        for claim, noted in adopt_jobs(conn, worker, name):
            handle = noted or executor.find(claim.job_id, claim.attempt)
            if handle is None:
                end_attempt(conn, claim.job_id, claim.attempt, action="fail", error=NEVER_STARTED)
                continue
            note_handle(conn, claim, name, handle)
            adopted.append((claim, handle))
    return adopted


def take_back_attempts(
    conn: psycopg.Connection,
    worker: str,
    followed: Sequence[int],
    executor_of: Callable[[str], Executor],
) -> tuple[list[tuple[Claim, str, str]], list[Claim]]:
    """Find the attempts that this worker was given while the database could not tell it so.

    The connection ended after the commit. Return what runs, with its executor and its handle, and
    what was never begun and is queued again. ControlError, and nothing changed, if the executor
    cannot be asked now.
    """
    running, handed_back = [], []
    with conn.transaction():
        for claim, name, noted in find_unfollowed_jobs(conn, worker, followed):
            handle = None
            if name is not None and (executor := executor_of(name)).outlives_worker:
                handle = noted or executor.find(claim.job_id, claim.attempt)
            if name is not None and handle is not None:
                note_handle(conn, claim, name, handle)
                running.append((claim, name, handle))
            else:
                hand_back_attempt(conn, claim)
                handed_back.append(claim)
    return running, handed_back


def sweep_attempts(
    conn: psycopg.Connection, executor_of: Callable[[str], Executor], *, dry_run: bool = False
) -> list[Swept]:
    """End the attempts that lost their worker or took too long, and stop what still runs."""
    with conn.transaction(force_rollback=dry_run):
        swept = sweep_jobs(conn)
    for one in () if dry_run else swept:
        # Its token is refused from now on: a program that cannot be stopped ends by itself.
        if one.executor is not None:
            _stop(executor_of, one, one.executor)
    return swept


def _stop(executor_of: Callable[[str], Executor], swept: Swept, name: str) -> None:
    try:
        executor = executor_of(name)
        if executor.outlives_worker:
            handle = swept.handle or executor.find(swept.job_id, swept.attempt)
            if handle is not None:
                executor.stop(handle)
    except ControlError:
        # This environment cannot reach it.
        return

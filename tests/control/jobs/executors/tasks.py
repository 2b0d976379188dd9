"""Make tasks for executors, and wait for what becomes of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

from control.jobs.executors import Executor, Outcome, Task

# Nothing here takes long; what does is broken.
GENEROUS_SECONDS = 60

T = TypeVar("T")


def task(
    *command: str, job_id: int = 1, attempt: int = 1, memory_mb: int = 1000, **environment: str
) -> Task:
    """Return the first attempt of a job that runs this command."""
    return Task(
        job_id=job_id,
        attempt=attempt,
        kind="pangolin",
        command=command,
        image=None,
        memory_mb=memory_mb,
        vcpu=1,
        time_limit_seconds=3600,
        environment={"PATH": os.defpath} | environment,
    )


def wait_for(look: Callable[[], T | None]) -> T:
    """Return the first answer that is not None."""
    deadline = time.monotonic() + GENEROUS_SECONDS
    while (found := look()) is None:
        assert time.monotonic() < deadline, "it takes far too long"
        time.sleep(0.01)
    return found


def end_of(executor: Executor, handle: str) -> Outcome:
    """Wait until a program has ended."""
    return wait_for(lambda: executor.poll(handle))

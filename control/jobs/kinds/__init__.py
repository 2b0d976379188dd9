"""Run the jobs that work on the database itself: one module per kind, found by its name.

A module defines `run(app, job)`, which does its work and ends the job with
control.jobs.states.finish_job in the transaction of its data. Without an API token or a manifest,
it needs no other step. An attempt that was lost to another worker cannot end the job.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from control.errors import ControlError
from control.jobs.states import lock_job

if TYPE_CHECKING:
    from control.app import App


def run_job(app: App, job_id: int, attempt: int) -> None:
    """Run one attempt of a job, in this process."""
    with app.connect(f"job run {job_id}") as conn, conn.transaction():
        job = lock_job(conn, job_id)
    if job.status != "running" or job.attempt != attempt:
        raise ControlError(
            f"job {job_id} is not running attempt {attempt}",
            "control job work starts jobs; control job show says what became of this one",
        )
    if job.kind not in {module.name for module in iter_modules(__path__)}:
        raise ControlError(
            f"no module of this version runs a {job.kind}",
            "run the worker of the version that migrated the database",
        )
    import_module(f"{__name__}.{job.kind}").run(app, job)

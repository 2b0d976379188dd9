"""Add the locations of a pathogen's public sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from control.reference.derived import derive_locations

if TYPE_CHECKING:
    from control.app import App
    from control.jobs.states import Job


def run(app: App, job: Job) -> None:
    """Add them and end the job."""
    with app.connect(f"job run {job.id}") as conn:
        derive_locations(conn, job.pathogen_id, job=job)

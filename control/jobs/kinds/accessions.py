"""Give samples the accessions that a repository published for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from control.reference.derived import derive_accessions

if TYPE_CHECKING:
    from control.app import App
    from control.jobs.states import Job


def run(app: App, job: Job) -> None:
    """Store them and end the job."""
    with app.connect(f"job run {job.id}") as conn:
        derive_accessions(conn, job.pathogen_id, job.public_repository_id, job=job)

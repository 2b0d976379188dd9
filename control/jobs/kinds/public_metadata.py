"""Load the public sequences of a pathogen and repository from the newest data set there is."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from control.errors import ControlError
from control.queries import query
from control.reference.public_sequences import load_public_sequences

if TYPE_CHECKING:
    from control.app import App
    from control.jobs.states import Job


def run(app: App, job: Job) -> None:
    """Fetch the metadata, load them and end the job."""
    with app.connect(f"job run {job.id}") as conn, TemporaryDirectory() as folder:
        row = conn.execute(
            query("jobs/newest_metadata"),
            {"pathogen_id": job.pathogen_id, "public_repository_id": job.public_repository_id},
        ).fetchone()
        if row is None:
            raise ControlError(
                f"job {job.id} finds no data set of its pathogen and repository",
                "register one first: control load repository-data",
            )
        bucket, key, pathogen, repository = row
        path = Path(folder) / Path(key).name
        app.s3.download_file(bucket, key, str(path))
        load_public_sequences(conn, path, pathogen=pathogen, repository=repository, job=job)

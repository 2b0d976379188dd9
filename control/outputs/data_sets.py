"""Store data sets of public repositories: two files of a job each, sequences and metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from control.errors import ControlError
from control.outputs.malformed import Malformed
from control.queries import query

if TYPE_CHECKING:
    import psycopg

    from control.jobs.states import Job
    from control.outputs.job_files import JobFiles


def store_data_set(conn: psycopg.Connection, job: Job, files: JobFiles, stage: str) -> int:
    """Verify the files of one stage, STAGE_sequences and STAGE_metadata, and store their place.

    Returns the id of the data set, which it keeps when a later attempt of the job replaces it.
    """
    if job.pathogen_id is None or job.public_repository_id is None:
        raise ControlError(
            f"job {job.id} names no pathogen and repository, so its files are no data set",
            "queue a job that names both: control job queue",
        )
    places = {}
    for content in ("sequences", "metadata"):
        with files.open(f"{stage}_{content}") as file:
            if file.stored.size == 0:
                raise Malformed(file.name, None, "is empty")
            places[content] = file.stored.uri
    if places["sequences"].bucket != places["metadata"].bucket:
        raise ControlError(
            f"the {stage} files of job {job.id} are in two buckets", "store both in one bucket"
        )
    row = conn.execute(
        query("outputs/store_data_set"),
        {
            "job_id": job.id,
            "pathogen_id": job.pathogen_id,
            "public_repository_id": job.public_repository_id,
            "stage": stage,
            "bucket": places["sequences"].bucket,
            "sequences_key": places["sequences"].key,
            "metadata_key": places["metadata"].key,
            "source_id": (job.arguments or {}).get("data_set_id"),
        },
    ).fetchone()
    assert row is not None
    return int(row[0])


def remove_data_sets(conn: psycopg.Connection, job: Job) -> None:
    """Remove the data sets of a job whose later attempt failed."""
    conn.execute("delete from aspen.repository_data where job_id = %s", [job.id])

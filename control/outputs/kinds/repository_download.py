"""Register the files of repository_download jobs: what a repository publishes, as it came."""

from __future__ import annotations

import psycopg

from control.jobs.platform import follow
from control.jobs.states import Job
from control.outputs.data_sets import remove_data_sets, store_data_set
from control.outputs.job_files import JobFiles
from control.outputs.kinds import Stored
from control.outputs.manifest import Submission

FILES = ("raw_sequences", "raw_metadata")


def register(
    conn: psycopg.Connection, job: Job, files: JobFiles, _submission: Submission
) -> Stored:
    """Store the data set, and have it brought into the form that all have."""
    data_set_id = store_data_set(conn, job, files, "raw")
    follow(conn, job, "repository_processing", data_set_id=data_set_id)
    return Stored()


def discard(conn: psycopg.Connection, job: Job) -> None:
    """Remove the data set of an earlier attempt."""
    remove_data_sets(conn, job)

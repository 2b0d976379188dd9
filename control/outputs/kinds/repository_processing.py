"""Register the files of repository_processing jobs: names and metadata in one form."""

from __future__ import annotations

import psycopg

from control.jobs.platform import follow
from control.jobs.states import Job
from control.outputs.data_sets import remove_data_sets, store_data_set
from control.outputs.job_files import JobFiles
from control.outputs.kinds import Stored
from control.outputs.manifest import Submission

FILES = ("processed_sequences", "processed_metadata")


def register(
    conn: psycopg.Connection, job: Job, files: JobFiles, _submission: Submission
) -> Stored:
    """Store the data set, and have it aligned."""
    data_set_id = store_data_set(conn, job, files, "processed")
    follow(conn, job, "repository_alignment", data_set_id=data_set_id)
    return Stored()


def discard(conn: psycopg.Connection, job: Job) -> None:
    """Remove the data set of an earlier attempt."""
    remove_data_sets(conn, job)

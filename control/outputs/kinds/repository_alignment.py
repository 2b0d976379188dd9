"""Register the files of repository_alignment jobs: the aligned data set of a pathogen."""

from __future__ import annotations

import psycopg

from control.jobs.platform import follow
from control.jobs.states import Job
from control.outputs.data_sets import remove_data_sets, store_data_set
from control.outputs.job_files import JobFiles
from control.outputs.kinds import Stored
from control.outputs.manifest import Submission

FILES = ("aligned_sequences", "aligned_metadata")


def register(
    conn: psycopg.Connection, job: Job, files: JobFiles, _submission: Submission
) -> Stored:
    """Store the data set, which is the latest aligned one from then on."""
    store_data_set(conn, job, files, "aligned")
    follow(conn, job, "public_metadata")
    return Stored()


def discard(conn: psycopg.Connection, job: Job) -> None:
    """Remove the data set of an earlier attempt."""
    remove_data_sets(conn, job)

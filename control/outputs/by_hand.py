"""Register files of this machine as a job of the platform that an operator ran by hand."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from control.errors import ControlError
from control.jobs.platform import find_pathogen, find_repository, queue_platform_job
from control.jobs.starting import start_job
from control.jobs.states import finish_job, lock_job
from control.outputs.manifest import LONGEST_ERROR, NamedFile, Submission
from control.outputs.register import Registration, register_outputs
from control.storage.s3 import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# What does not end in this time has lost its machine.
TIME_LIMIT = timedelta(days=1)


def register_data_set(
    conn: psycopg.Connection,
    s3: S3Client,
    bucket: str,
    *,
    pathogen: str,
    repository: str,
    sequences: Path,
    metadata: Path,
    software_versions: Mapping[str, str],
    dry_run: bool = False,
) -> Registration | None:
    """Upload an aligned data set and register it; its job fails if one of the two does.

    A dry run checks names and files, and returns None.
    """
    for path in (sequences, metadata):
        if path.stat().st_size == 0:
            raise ControlError(f"{path} is empty", "give the files of a whole data set")
    if sequences.name == metadata.name:
        raise ControlError(
            f"both files are called {sequences.name}", "rename one: they go into one folder"
        )
    with conn.transaction(force_rollback=dry_run):
        job_id = queue_platform_job(
            conn,
            "repository_alignment",
            pathogen_id=find_pathogen(conn, pathogen),
            public_repository_id=find_repository(conn, repository),
        )
        started = start_job(conn, job_id, bucket=bucket, ttl=TIME_LIMIT)
    if dry_run:
        return None
    folder = S3Uri.parse(f"{started.output_prefix}-")
    try:
        files = tuple(
            _upload(s3, kind, path, folder.sibling(path.name))
            for kind, path in (("aligned_sequences", sequences), ("aligned_metadata", metadata))
        )
        submission = Submission("the files given", files, software_versions=software_versions)
        return register_outputs(conn, s3, job_id, submission, bucket=bucket)
    except BaseException as error:
        # Whatever happened, also Ctrl-C, is to be seen; a lost connection is for the sweeper.
        with suppress(psycopg.Error), conn.transaction():
            job = lock_job(conn, job_id)
            if job.is_open:
                finish_job(conn, job, _reason(error), software_versions)
        raise


def _upload(s3: S3Client, kind: str, path: Path, uri: S3Uri) -> NamedFile:
    s3.upload_file(str(path), uri.bucket, uri.key)
    return NamedFile(kind, uri, size=path.stat().st_size)


def _reason(error: BaseException) -> str:
    """Return what went wrong, as the text of a job's error may have it."""
    said = error.message if isinstance(error, ControlError) else f"{type(error).__name__}: {error}"
    return " ".join(said.split())[:LONGEST_ERROR]

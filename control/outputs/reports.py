"""Register the manifests that running jobs handed in through the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from control.errors import ControlError
from control.jobs.states import finish_job, lock_job
from control.outputs.manifest import MANIFEST_NAME, parse_manifest
from control.outputs.register import Registration, register_outputs
from control.storage.s3 import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Other commands that register the same report wait for its row and then find it registered.
_OPEN = (
    "select id, job_id, attempt, manifest from aspen.job_reports"
    " where registered_at is null and id > %s order by id limit 1 for update skip locked"
)


@dataclass(frozen=True)
class Handled:
    """A report that was registered, or else the reason why it was not."""

    job_id: int
    attempt: int
    registration: Registration | None
    problem: str | None


def register_reports(conn: psycopg.Connection, s3: S3Client, bucket: str) -> Iterator[Handled]:
    """Register every report that waits, the oldest first, each in one transaction.

    A wrong file fails its job with the reason. If S3 does not answer, the report waits on.
    """
    last = 0
    while True:
        with conn.transaction():
            row = conn.execute(_OPEN, [last]).fetchone()
            if row is None:
                return
            last, job_id, attempt, manifest = row
            handled = _register(conn, s3, bucket, job_id, attempt, manifest)
            conn.execute("update aspen.job_reports set registered_at = now() where id = %s", [last])
        yield handled


def _register(
    conn: psycopg.Connection,
    s3: S3Client,
    bucket: str,
    job_id: int,
    attempt: int,
    manifest: object,
) -> Handled:
    home = S3Uri(bucket, f"jobs/{job_id}/{attempt}/{MANIFEST_NAME}")
    try:
        with conn.transaction():
            submission = parse_manifest(json.dumps(manifest).encode(), home)
            done = register_outputs(conn, s3, job_id, submission, bucket=bucket)
    except ControlError as error:
        job = lock_job(conn, job_id)
        # One that ended in the meantime, or is at another attempt, stays as it is.
        if job.is_open and job.attempt == attempt:
            finish_job(conn, job, error.message, {})
        return Handled(job_id, attempt, None, error.message)
    return Handled(job_id, attempt, done, None)

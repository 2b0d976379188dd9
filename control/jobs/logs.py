"""Read the log of a job from S3, as the worker stores it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from control.errors import ControlError

if TYPE_CHECKING:
    import psycopg
    from mypy_boto3_s3 import S3Client

LOG_NAME = "log.txt"
FOLLOW_SECONDS = 1.0
# Where the middle of a long log is left out, the end is found again by this many bytes.
OVERLAP_BYTES = 256


def log_key(job_id: int, attempt: int) -> str:
    """Return the key of the log of an attempt."""
    return f"jobs/{job_id}/{attempt}/{LOG_NAME}"


def read_log(
    conn: psycopg.Connection,
    s3: S3Client,
    bucket: str,
    job_id: int,
    attempt: int | None,
    *,
    is_followed: bool,
) -> Iterator[str]:
    """Yield the log of an attempt, the present one unless another is named.

    A log that is followed goes on until the job is at another attempt or does not run.
    """
    present, status = _state(conn, job_id)
    shown = attempt or present
    printed = b""
    while True:
        is_running = status == "running" and present == shown
        log = _read(s3, bucket, log_key(job_id, shown))
        yield _news(printed, log).decode(errors="replace")
        printed = log or printed
        if not is_followed or not is_running:
            break
        time.sleep(FOLLOW_SECONDS)
        present, status = _state(conn, job_id)
    if not printed:
        raise ControlError(
            f"job {job_id} has no log of attempt {shown}",
            "control job show says whether it has run, and where; AWS keeps the logs of its runs",
        )


def _state(conn: psycopg.Connection, job_id: int) -> tuple[int, str]:
    row = conn.execute("select attempt, status from aspen.jobs where id = %s", [job_id]).fetchone()
    if row is None:
        raise ControlError(f"there is no job {job_id}", "control job list shows those there are")
    return row[0], row[1]


def _read(s3: S3Client, bucket: str, key: str) -> bytes:
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return b""


def _news(printed: bytes, log: bytes) -> bytes:
    """Return what a log has that was not printed."""
    if log.startswith(printed):
        return log[len(printed) :]
    end = printed[-OVERLAP_BYTES:]
    found = log.rfind(end)
    return log[found + len(end) :] if found >= 0 else log

"""Register what jobs submitted without an operator who looks at it: a wrong file fails its job.

By hand a wrong file leaves the job open, because the operator may correct the command. What arrives
by report, scan or notification has nobody to correct it, so the job says what was wrong, and a
retry makes the next attempt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import psycopg

from control.errors import ControlError
from control.jobs.states import finish_job, lock_job
from control.outputs.addresses import owner_of
from control.outputs.malformed import UNPRINTABLE, Malformed, TryAgain
from control.outputs.manifest import (
    LONGEST_ERROR,
    MANIFEST_NAME,
    Submission,
    fetch_manifest,
    parse_manifest,
)
from control.outputs.register import Registration, look_up, store_submission
from control.storage.s3 import S3Uri
from control.terminal import shortened
from control.translation import refusal_in

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from control.outputs.job_files import StoredObject

_HOME = re.compile(rf"jobs/([1-9][0-9]{{0,17}})/([1-9][0-9]{{0,8}})/{re.escape(MANIFEST_NAME)}")


@dataclass(frozen=True)
class Arrival:
    """The manifest of one attempt of a job, by its address."""

    job_id: int
    attempt: int
    uri: S3Uri


@dataclass(frozen=True)
class Looked:
    """What a manifest says and how S3 describes its files; or why it is wrong."""

    submission: Submission | None = None
    found: tuple[StoredObject, ...] = ()
    problem: ControlError | None = None


@dataclass(frozen=True)
class Handled:
    """What became of one arrival, and why.

    `postponed` means that it says nothing about the job, which stays as it is; `skipped`, that the
    job has ended or is at another attempt.
    """

    job_id: int
    attempt: int
    outcome: Literal["registered", "rejected", "skipped", "postponed"]
    registration: Registration | None = None
    problem: str | None = None


def arrival_at(uri: S3Uri, root: str) -> Arrival | None:
    """Return whose manifest an address is: <root>jobs/<id>/<attempt>/manifest.json, or None.

    A job writes whatever it likes below its own folder, and clients below others, so only the whole
    key counts.
    """
    home = _HOME.fullmatch(uri.key.removeprefix(root)) if uri.key.startswith(root) else None
    if home is None or owner_of(uri.key) != home[1]:
        return None
    return Arrival(int(home[1]), int(home[2]), uri)


def wanted(conn: psycopg.Connection, arrivals: list[Arrival]) -> list[Arrival]:
    """Return those whose job waits for exactly this attempt; in the order given."""
    found = conn.execute(
        "select id, attempt from aspen.jobs"
        " where id = any(%s) and status = any(internal.job_statuses_before('succeed'))",
        [[arrival.job_id for arrival in arrivals]],
    ).fetchall()
    open_attempts = set(found)
    return [one for one in arrivals if (one.job_id, one.attempt) in open_attempts]


def look(s3: S3Client, arrival: Arrival) -> Looked:
    """Fetch a manifest and look its files up; may run in any thread."""
    try:
        content = fetch_manifest(s3, arrival.uri)
    except Malformed as error:
        return Looked(problem=error)
    except ControlError as error:
        # The manifest is gone; the job may write another one.
        return Looked(problem=TryAgain(error.message, error.remedy))
    return look_at(s3, arrival, content)


def look_at(s3: S3Client, arrival: Arrival, content: bytes) -> Looked:
    """Read a manifest that is here already, and look its files up."""
    try:
        submission = parse_manifest(content, arrival.uri)
        found = look_up(s3, arrival.job_id, submission, arrival.uri.bucket)
    except ControlError as error:
        return Looked(problem=error)
    return Looked(submission, tuple(found))


def settle(
    conn: psycopg.Connection,
    s3: S3Client,
    arrival: Arrival,
    looked: Looked,
    *,
    dry_run: bool = False,
) -> Handled:
    """Register one arrival, or fail its job with the reason, in one transaction."""
    job_id, attempt = arrival.job_id, arrival.attempt
    try:
        if looked.problem is not None:
            raise looked.problem
        assert looked.submission is not None
        done = store_submission(
            conn, s3, job_id, looked.submission, [*looked.found], dry_run=dry_run
        )
    except TryAgain as error:
        return Handled(job_id, attempt, "postponed", problem=error.message)
    except (ControlError, psycopg.DatabaseError) as error:
        refused = refusal_in(error)
        if refused is not None:
            return _reject(conn, arrival, refused.message, dry_run=dry_run)
        if not isinstance(error, psycopg.DataError | psycopg.IntegrityError):
            raise
        # A value that no check of ours found. Raised, it would stop everything that waits behind.
        said = UNPRINTABLE.sub("\ufffd", error.diag.message_primary or "it gives no reason")
        reason = f"the database rejected what the files contain: {said}"
        return _reject(conn, arrival, reason, dry_run=dry_run)
    return Handled(job_id, attempt, "registered" if done.is_new else "skipped", done)


def _reject(conn: psycopg.Connection, arrival: Arrival, reason: str, *, dry_run: bool) -> Handled:
    """Fail the job with the reason, unless it was deleted, has ended or is at another attempt."""
    skipped = Handled(arrival.job_id, arrival.attempt, "skipped", problem=reason)
    with conn.transaction(force_rollback=dry_run):
        row = conn.execute("select from aspen.jobs where id = %s", [arrival.job_id]).fetchone()
        if row is None:
            return skipped
        job = lock_job(conn, arrival.job_id)
        if not job.is_open or job.attempt != arrival.attempt:
            return skipped
        finish_job(conn, job, shortened(reason, LONGEST_ERROR), {})
    return replace(skipped, outcome="rejected")

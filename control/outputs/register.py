"""Register what a job submitted: in one transaction, everything or nothing, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from control.errors import ControlError
from control.jobs.states import Job, finish_job, lock_job
from control.outputs.addresses import check_address, owner_of
from control.outputs.job_files import JobFiles, StoredObject, find_object
from control.outputs.kinds import job_kind
from control.outputs.kinds.phylo_run import StoredTree
from control.outputs.listing import list_outputs
from control.outputs.manifest import Submission, missing_files
from control.outputs.object_locks import lock_objects
from control.outputs.results import StoredResults
from control.queries import query

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Registration:
    """The result of a registration."""

    job_id: int
    kind: str
    status: str
    is_new: bool
    outputs: list[StoredObject] = field(default_factory=list)
    tree: StoredTree | None = None
    results: StoredResults | None = None

    def summary(self) -> list[str]:
        """Return what was written and what was not, as sentences."""
        unversioned = [one.kind for one in self.outputs if one.version_id is None]
        lines = []
        if unversioned:
            kinds = ", ".join(unversioned)
            lines.append(f"{kinds}: no version; a link serves whatever is stored there later")
        for stored in (self.tree, self.results):
            if stored is not None:
                lines += stored.summary()
        return lines


def register_outputs(
    conn: psycopg.Connection,
    s3: S3Client,
    job_id: int,
    submission: Submission,
    *,
    bucket: str | None = None,
    dry_run: bool = False,
) -> Registration:
    """Verify, read and store what a job submitted, and finish the job.

    Registering the same again, even at the same moment, finds it registered. Files must be in
    `bucket`, if given.
    """
    found = look_up(s3, job_id, submission, bucket)
    return store_submission(conn, s3, job_id, submission, found, dry_run=dry_run)


def look_up(
    s3: S3Client, job_id: int, submission: Submission, bucket: str | None
) -> list[StoredObject]:
    """Compare the files of a submission with their objects; needs no database."""
    for file in submission.files:
        check_address(file.uri, job_id, bucket)
    return [find_object(s3, file) for file in submission.files]


def store_submission(
    conn: psycopg.Connection,
    s3: S3Client,
    job_id: int,
    submission: Submission,
    found: list[StoredObject],
    *,
    dry_run: bool = False,
) -> Registration:
    """Read and store files that were looked up, and finish the job, in one transaction."""
    with conn.transaction(force_rollback=dry_run):
        job = lock_job(conn, job_id)
        lock_objects(conn, (file.uri for file in submission.files))
        _check_submission(job, submission)
        if not job.is_open:
            return _already_registered(conn, job, submission, found)
        if submission.error is not None:
            return _register_failure(conn, job, submission)
        _refuse_objects_of_other_jobs(conn, job, found)
        return _register_success(conn, job, submission, JobFiles(s3, found))


def _check_submission(job: Job, submission: Submission) -> None:
    """Reject a submission of another job or of another attempt."""
    if submission.kind not in (None, job.kind):
        raise ControlError(
            f"{submission.source} is of a {submission.kind}, job {job.id} is a {job.kind}",
            "name the job the manifest belongs to",
        )
    if submission.attempt not in (None, job.attempt):
        raise ControlError(
            f"{submission.source} is of attempt {submission.attempt},"
            f" job {job.id} is at attempt {job.attempt}",
            "register the manifest of the present attempt",
        )
    if submission.error is None:
        problems = missing_files(job.kind, [file.kind for file in submission.files])
        if problems:
            raise ControlError(
                f"job {job.id} is a {job.kind}, but of {submission.source}\n  "
                + "\n  ".join(problems),
                "name each file of the job once",
            )


def _already_registered(
    conn: psycopg.Connection, job: Job, submission: Submission, found: list[StoredObject]
) -> Registration:
    """Return the earlier registration if it is the same; reject anything else."""
    if job.status == "failed" and submission.error is not None and submission.error == job.error:
        return Registration(job.id, job.kind, job.status, is_new=False)
    if job.status == "succeeded" and submission.error is None:
        registered = list_outputs(conn, job.id)
        if _is_same(registered, found):
            return Registration(job.id, job.kind, job.status, is_new=False, outputs=registered)
        raise ControlError(
            f"job {job.id} has succeeded with other files than those of {submission.source}",
            "other results need a new attempt of the job",
        )
    raise ControlError(
        f"job {job.id} is {job.status.replace('_', ' ')}; nothing more can be registered for it",
        "start a new attempt of the job and register what it submits",
    )


def _is_same(registered: list[StoredObject], found: list[StoredObject]) -> bool:
    """Compare addresses and content; a new version of the same content is no change."""

    def identities(objects: list[StoredObject]) -> set[tuple[object, ...]]:
        return {(one.kind, one.uri, one.size, one.etag) for one in objects}

    checksums = {one.kind: one.sha256 for one in registered}
    return identities(registered) == identities(found) and all(
        one.sha256 in (None, checksums[one.kind]) for one in found
    )


def _refuse_objects_of_other_jobs(
    conn: psycopg.Connection, job: Job, found: list[StoredObject]
) -> None:
    """Reject a file below no job's folder that is registered for another job, in any group."""
    for stored in found:
        if owner_of(stored.uri.key) is not None:
            continue
        owner = conn.execute(
            "select job_id from aspen.job_outputs where bucket = %s and key = %s and job_id <> %s",
            [stored.uri.bucket, stored.uri.key, job.id],
        ).fetchone()
        if owner is not None:
            raise ControlError(
                f"{stored.uri} is already an output of job {owner[0]}",
                f"name the files of job {job.id}",
            )


def _register_failure(conn: psycopg.Connection, job: Job, submission: Submission) -> Registration:
    """Finish a failed job, which has no outputs, whatever an earlier attempt left."""
    _replace_outputs(conn, job, [])
    job_kind(job.kind).discard(conn, job)
    status = finish_job(conn, job, submission.error, submission.software_versions)
    return Registration(job.id, job.kind, status, is_new=True)


def _register_success(
    conn: psycopg.Connection, job: Job, submission: Submission, files: JobFiles
) -> Registration:
    stored = job_kind(job.kind).register(conn, job, files, submission)
    outputs = files.read()
    _replace_outputs(conn, job, outputs)
    versions = dict(stored.software_versions) | dict(submission.software_versions)
    status = finish_job(conn, job, None, versions)
    return Registration(
        job.id,
        job.kind,
        status,
        is_new=True,
        outputs=outputs,
        tree=stored.tree,
        results=stored.results,
    )


def _replace_outputs(conn: psycopg.Connection, job: Job, outputs: list[StoredObject]) -> None:
    """Store the outputs; rows of an earlier attempt keep their ids if the file is named again."""
    conn.execute(
        "delete from aspen.job_outputs where group_id = %s and job_id = %s and kind <> all (%s)",
        [job.group_id, job.id, [output.kind for output in outputs]],
    )
    with conn.cursor() as cursor:
        cursor.executemany(
            query("outputs/store_output"),
            [
                {
                    "group_id": job.group_id,
                    "job_id": job.id,
                    "kind": output.kind,
                    "bucket": output.uri.bucket,
                    "key": output.uri.key,
                    "version_id": output.version_id,
                    "size_bytes": output.size,
                    "etag": output.etag,
                    "checksum_sha256": output.sha256,
                }
                for output in outputs
            ],
        )

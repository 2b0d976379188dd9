"""Registering what a job handed in: one transaction, everything or nothing, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from control.errors import ControlError
from control.jobs.states import Job, finish_job, lock_job, require_job
from control.outputs.addresses import check_address, owner_of
from control.outputs.job_files import JobFiles, StoredObject, find_object
from control.outputs.manifest import Submission, missing_files
from control.outputs.nextclade import register_qc
from control.outputs.pangolin import register_lineages
from control.outputs.results import StoredResults
from control.outputs.trees import StoredTree, drop_tree, register_tree
from control.queries import query
from control.storage.s3 import S3Uri
from control.terminal import listed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Registration:
    """What came of it."""

    job_id: int
    kind: str
    status: str
    is_new: bool
    outputs: list[StoredObject] = field(default_factory=list)
    tree: StoredTree | None = None
    results: StoredResults | None = None

    def summary(self) -> list[str]:
        """What was written and what was not, in words."""
        return self._unversioned() + self._stored()

    def _unversioned(self) -> list[str]:
        kinds = [one.kind for one in self.outputs if one.version_id is None]
        if not kinds:
            return []
        return [f"{', '.join(kinds)}: no version; a link serves whatever lies there by then"]

    def _stored(self) -> list[str]:
        if self.tree is not None:
            tips, linked = self.tree.tip_count, self.tree.linked_tip_count
            lines = [f"{tips} tips, {linked} of them samples"]
            if ambiguous := self.tree.ambiguous_tips:
                named = [
                    f"{name!r} ({' or '.join(map(str, ids))})" for name, ids in ambiguous.items()
                ]
                lines.append(f"of several samples, and linked to none: {listed(named)}")
            return lines
        if self.results is None:
            return []
        lines = [f"{table}: {count} rows" for table, count in self.results.written.items()]
        left_out = {
            "deleted meanwhile and skipped": self.results.deleted_samples,
            "with another sequence or pathogen by now, and skipped": self.results.replaced_samples,
            "inputs without a row": self.results.samples_without_result,
            "without a lineage": self.results.samples_without_lineage,
            "valid but not aligned": self.results.samples_without_alignment,
        }
        return lines + [
            f"{reason}: {listed([str(sample_id) for sample_id in sample_ids])}"
            for reason, sample_ids in left_out.items()
            if sample_ids
        ]


def register_outputs(
    conn: psycopg.Connection,
    s3: S3Client,
    job_id: int,
    submission: Submission,
    *,
    bucket: str | None = None,
    dry_run: bool = False,
) -> Registration:
    """Verify, read and store what a job handed in, and bring the job to its end.

    Whoever registers the same a second time, also at the same moment, finds it registered. Files
    must lie in `bucket`, where it is given.
    """
    for file in submission.files:
        check_address(file.uri, job_id, bucket)
    found = [find_object(s3, file) for file in submission.files]
    with conn.transaction(force_rollback=dry_run):
        job = lock_job(conn, job_id)
        _check_submission(job, submission)
        if not job.is_open:
            return _already_registered(conn, job, submission, found)
        if submission.error is not None:
            return _register_failure(conn, job, submission)
        _refuse_objects_of_other_jobs(conn, job, found)
        return _register_success(conn, job, submission, JobFiles(s3, found))


def _check_submission(job: Job, submission: Submission) -> None:
    """It must be this job's, and of its present attempt."""
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
    """Nothing to do, if this very thing was registered before."""
    if job.status == "failed" and submission.error is not None and submission.error == job.error:
        return Registration(job.id, job.kind, job.status, is_new=False)
    if job.status == "succeeded" and submission.error is None:
        registered = list_outputs(conn, job.id)
        if _is_same(registered, found):
            return Registration(job.id, job.kind, job.status, is_new=False, outputs=registered)
        raise ControlError(
            f"job {job.id} has succeeded with other files than those of {submission.source}",
            "keep what is registered; other results need a new attempt of the job",
        )
    raise ControlError(
        f"job {job.id} is {job.status.replace('_', ' ')}; nothing more can be registered for it",
        "start a new attempt of the job and register what that one hands in",
    )


def list_outputs(conn: psycopg.Connection, job_id: int) -> list[StoredObject]:
    """What is registered for a job; a job that does not exist is an error, not an empty list."""
    require_job(conn, job_id)
    rows = conn.execute(
        "select outputs.kind, outputs.bucket, outputs.key, outputs.size_bytes, outputs.etag,"
        " outputs.version_id, outputs.checksum_sha256"
        " from aspen.jobs as jobs inner join aspen.job_outputs as outputs"
        " on jobs.group_id = outputs.group_id and jobs.id = outputs.job_id"
        " where jobs.id = %s order by outputs.id",
        [job_id],
    )
    return [
        StoredObject(kind, S3Uri(bucket, key), size, etag, version_id, sha256)
        for kind, bucket, key, size, etag, version_id, sha256 in rows
    ]


def _is_same(registered: list[StoredObject], found: list[StoredObject]) -> bool:
    """Same places, same content; a new version of the same content is no change."""

    def identities(objects: list[StoredObject]) -> set[tuple[object, ...]]:
        return {(one.kind, one.uri, one.size, one.etag) for one in objects}

    checksums = {one.kind: one.sha256 for one in registered}
    return identities(registered) == identities(found) and all(
        one.sha256 in (None, checksums[one.kind]) for one in found
    )


def _refuse_objects_of_other_jobs(
    conn: psycopg.Connection, job: Job, found: list[StoredObject]
) -> None:
    """Below no job's folder, a file is whose it was first registered as, in any group."""
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
    """A failed job has no outputs, whatever an attempt before it left."""
    _replace_outputs(conn, job, [])
    drop_tree(conn, job)
    status = finish_job(conn, job, submission.error, submission.software_versions)
    return Registration(job.id, job.kind, status, is_new=True)


def _register_success(
    conn: psycopg.Connection, job: Job, submission: Submission, files: JobFiles
) -> Registration:
    versions: dict[str, str] = {}
    tree: StoredTree | None = None
    results: StoredResults | None = None
    match job.kind:
        case "phylo_run":
            tree = register_tree(conn, job, files, submission.resolved_template_args)
        case "pangolin":
            results, versions = register_lineages(conn, job, files)
        case _:
            results = register_qc(conn, job, files, submission.software_versions)
    outputs = files.read()
    _replace_outputs(conn, job, outputs)
    status = finish_job(conn, job, None, versions | dict(submission.software_versions))
    return Registration(
        job.id, job.kind, status, is_new=True, outputs=outputs, tree=tree, results=results
    )


def _replace_outputs(conn: psycopg.Connection, job: Job, outputs: list[StoredObject]) -> None:
    """The rows of an earlier attempt keep their ids where the file is still named."""
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

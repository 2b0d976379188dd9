"""Compare the registered outputs with S3, both ways: what is missing or changed, what is too many.

Rows and listings come page by page, requests go to S3 several at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import botocore.exceptions
import psycopg

from control.outputs.addresses import is_of_upload, owner_of
from control.outputs.job_files import etag_of, refused_reading
from control.outputs.listing import Choice, Output, find_outputs
from control.outputs.orphans import find_unregistered, queue_orphans
from control.outputs.parallel import in_parallel
from control.storage.s3 import S3Uri
from control.terminal import counted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectRequestTypeDef


@dataclass(frozen=True)
class Finding:
    """One difference between the table of outputs and S3; `job_id` None means no job's folder.

    `is_queued` means that the object was queued for deletion.
    """

    problem: Literal["missing", "changed", "unregistered"]
    uri: S3Uri
    job_id: int | None
    kind: str | None = None
    detail: str | None = None
    is_queued: bool = False


def verify_outputs(
    conn: psycopg.Connection,
    s3: S3Client,
    bucket: str,
    prefix: str,
    *,
    queue_before: datetime | None = None,
    dry_run: bool = False,
) -> Iterator[Finding]:
    """Yield what differs below a prefix: first outputs without their object, then the others.

    Unregistered objects that were written before `queue_before` are queued for deletion.
    """
    outputs = find_outputs(conn, Choice(bucket=bucket, prefix=prefix))
    compared = in_parallel(lambda one: _compare(s3, one), outputs)
    for output, (problem, detail) in counted(compared, "comparing outputs with S3"):
        # A row that was replaced or deleted in the meantime need not have its object any more.
        if problem is not None and _is_current(conn, output):
            yield Finding(problem, output.stored.uri, output.job_id, output.stored.kind, detail)
    for page in _unregistered_pages(conn, s3, bucket, prefix):
        old = [
            key
            for key, written_at in page.items()
            if queue_before is not None and written_at < queue_before
        ]
        queued = queue_orphans(conn, bucket, old, dry_run=dry_run)
        for key in page:
            owner = owner_of(key)
            job_id = int(owner) if owner is not None and owner.isdecimal() else None
            yield Finding("unregistered", S3Uri(bucket, key), job_id, is_queued=key in queued)


def _unregistered_pages(
    conn: psycopg.Connection, s3: S3Client, bucket: str, prefix: str
) -> Iterator[dict[str, datetime]]:
    """Yield the objects of jobs and uploads that nothing accounts for, with when they were written.

    Page by page, as S3 lists them.
    """
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        listed = {
            found["Key"]: found["LastModified"]
            for found in page.get("Contents", [])
            if owner_of(found["Key"]) is not None or is_of_upload(found["Key"])
        }
        yield {key: listed[key] for key in find_unregistered(conn, bucket, [*listed])}


def _compare(
    s3: S3Client, output: Output
) -> tuple[Literal["missing", "changed"] | None, str | None]:
    """Return what is wrong with the object of an output, and how it differs."""
    stored = output.stored
    request: HeadObjectRequestTypeDef = {"Bucket": stored.uri.bucket, "Key": stored.uri.key}
    if stored.version_id is not None:
        request["VersionId"] = stored.version_id
    try:
        head = s3.head_object(**request)
    except botocore.exceptions.ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        # 400 and 405: the version is no version, or only the mark of a deletion.
        if status in (400, 404, 405):
            return "missing", None
        if status == 403:
            raise refused_reading(stored.uri) from error
        raise
    size, etag = head["ContentLength"], etag_of(head)
    if size != stored.size:
        return "changed", f"has {size} bytes, not {stored.size}"
    if etag != stored.etag:
        return "changed", f"has ETag {etag}, not {stored.etag}"
    return None, None


def _is_current(conn: psycopg.Connection, output: Output) -> bool:
    row = conn.execute(
        "select bucket, key, version_id, etag from aspen.job_outputs where id = %s", [output.id]
    ).fetchone()
    stored = output.stored
    return row == (stored.uri.bucket, stored.uri.key, stored.version_id, stored.etag)

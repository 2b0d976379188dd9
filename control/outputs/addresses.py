"""Check where a job's files are: below jobs/<its id>/, never below another job's folder."""

from __future__ import annotations

import re

from control.errors import ControlError
from control.outputs.malformed import UNPRINTABLE
from control.storage.s3 import S3Uri

# The first match counts: whatever a job writes below its own folder is its own.
_JOB_IN_KEY = re.compile(r"(?:^|/)jobs/([^/]*)")
_PART_OF_UPLOAD = re.compile(r"group/[0-9]{1,18}/uploads/[0-9a-f-]{36}/")
_FILE_OF_JOB = re.compile(r"jobs/[1-9][0-9]{0,17}/")


def check_address(uri: S3Uri, job_id: int, bucket: str | None = None) -> None:
    """Reject an address that belongs to another job, or that a client may read as another one.

    For files below no job's folder the operator decides which job they belong to. If `bucket` is
    given, no other bucket is allowed.
    """
    if bucket is not None and uri.bucket != bucket:
        raise ControlError(
            f"{uri} is not in the bucket of this environment, {bucket}",
            f"copy the file to s3://{bucket}/jobs/{job_id}/, where links to it can be made",
        )
    if not is_plain(uri.key):
        raise ControlError(
            f"{str(uri)!r} is not the plain key of an object",
            "name a key without empty, . and .. parts and without control characters",
        )
    owner = owner_of(uri.key)
    if owner is not None and owner != str(job_id):
        raise ControlError(
            f"{uri} belongs to job {owner}, not to job {job_id}",
            "name files of this job, or the job they belong to",
        )


def owner_of(key: str) -> str | None:
    """Return the job whose folder contains a key, as the key spells it; None if there is none."""
    owner = _JOB_IN_KEY.search(key)
    return None if owner is None else owner[1]


def is_of_upload(key: str) -> bool:
    """Return whether an object is what somebody sent for an upload."""
    return _PART_OF_UPLOAD.match(key) is not None


def is_of_platform(key: str) -> bool:
    """Return whether only the platform writes there, so that it may delete what nothing needs."""
    return _FILE_OF_JOB.match(key) is not None or is_of_upload(key)


def is_plain(key: str) -> bool:
    """Return whether no part of a key is empty, . or .., which clients and proxies rewrite."""
    parts = key.split("/")
    return not UNPRINTABLE.search(key) and not any(part in ("", ".", "..") for part in parts)

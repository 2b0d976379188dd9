"""Where the files of a job may lie: below jobs/<its id>/, never below another's."""

from __future__ import annotations

import re

from control.errors import ControlError
from control.outputs.malformed import UNPRINTABLE
from control.storage.s3 import S3Uri

# The first one counts: what a job puts below its own folder is its own, whatever it is called.
_JOB_IN_KEY = re.compile(r"(?:^|/)jobs/([^/]*)")


def check_address(uri: S3Uri, job_id: int, bucket: str | None = None) -> None:
    """Refuse a place that is another job's, or spelt so that a client may read it as another.

    Files that lie below no job's folder are whose job an operator says; `bucket` is the only one
    allowed, where it is given.
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
            "name what this job left, or the job it belongs to",
        )


def owner_of(key: str) -> str | None:
    """The job below whose folder a key lies, as the key spells it."""
    owner = _JOB_IN_KEY.search(key)
    return None if owner is None else owner[1]


def is_plain(key: str) -> bool:
    """Whether no part of a key is empty, . or ..: clients and proxies would make another of it."""
    parts = key.split("/")
    return not UNPRINTABLE.search(key) and not any(part in ("", ".", "..") for part in parts)

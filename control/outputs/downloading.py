"""Hand out a registered output: as a file that is verified, or as a link."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from control.errors import ControlError
from control.outputs.job_files import StoredObject, open_stored
from control.storage.s3 import BUFFER_BYTES
from control.whole_files import whole_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The longest that S3 accepts.
LONGEST_LINK = timedelta(days=7)


def link_to(s3: S3Client, stored: StoredObject, lifetime: timedelta) -> str:
    """Return a link to the version that was registered."""
    if not timedelta(seconds=1) <= lifetime <= LONGEST_LINK:
        raise ControlError("a link works for 1 s to 7 d", "give a --ttl within these")
    named = {"Bucket": stored.uri.bucket, "Key": stored.uri.key}
    if stored.version_id is not None:
        named["VersionId"] = stored.version_id
    seconds = int(lifetime.total_seconds())
    return s3.generate_presigned_url("get_object", Params=named, ExpiresIn=seconds)


def download(s3: S3Client, stored: StoredObject, path: Path) -> Path:
    """Write an output to a file, which appears as a whole, after it was verified; return its path.

    A folder gets a file of the object's name.
    """
    if path.is_dir():
        path = path / stored.uri.key.rpartition("/")[2]
    with whole_file(path, mode=0o666) as file:
        copy_to(s3, stored, file)
    return path


def copy_to(s3: S3Client, stored: StoredObject, target: BinaryIO) -> None:
    """Write an output to a stream, and compare size, ETag and SHA-256 with those registered."""
    try:
        with open_stored(s3, stored) as file:
            shutil.copyfileobj(file.stream, target, BUFFER_BYTES)
    except ControlError as error:
        remedy = "control output verify shows what else differs; retry the job to make it again"
        raise ControlError(error.message, remedy) from error

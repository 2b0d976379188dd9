"""Read S3 objects and verify size, ETag and SHA-256 against the manifest and the earlier HEAD."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import botocore.exceptions

from control.errors import ControlError
from control.outputs.malformed import TryAgain
from control.outputs.manifest import NamedFile
from control.storage.s3 import BUFFER_BYTES, S3Uri
from control.unpacking import unpacked

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef, HeadObjectOutputTypeDef

SUBMIT_AGAIN = "submit the job's files again, then register the new manifest"


@dataclass(frozen=True)
class StoredObject:
    """An object as S3 described it; until it is read, `sha256` is the manifest's."""

    kind: str
    uri: S3Uri
    size: int
    etag: str
    version_id: str | None
    sha256: str | None


class ObjectFile:
    """The bytes of one object, as a stream."""

    def __init__(self, stored: StoredObject, body: Any) -> None:
        self.stored = stored
        self.name = str(stored.uri)
        self._hashing = _HashingReader(body)
        self.stream = cast(BinaryIO, io.BufferedReader(self._hashing, BUFFER_BYTES))

    @cached_property
    def content(self) -> BinaryIO:
        """Return the bytes that a compressed file unpacks to, or those of the file."""
        return unpacked(self.stream, self.name)

    def finish(self) -> None:
        """Read the rest, and compare the whole with size and checksum."""
        while self.stream.read(BUFFER_BYTES):
            pass
        if self._hashing.count != self.stored.size:
            raise TryAgain(
                f"{self.name} ended after {self._hashing.count} of {self.stored.size} bytes",
                "register it again; nothing was stored",
            )
        sha256 = self._hashing.sha256
        if self.stored.sha256 not in (None, sha256):
            raise ControlError(
                f"{self.name} has SHA-256 {sha256}, not {self.stored.sha256} as stated",
                SUBMIT_AGAIN,
            )
        self.stored = replace(self.stored, sha256=sha256)


def find_object(s3: S3Client, file: NamedFile) -> StoredObject:
    """Look an object up and compare it with what the manifest says."""
    try:
        head = s3.head_object(Bucket=file.uri.bucket, Key=file.uri.key)
    except botocore.exceptions.ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            raise ControlError(f"{file.uri} does not exist", SUBMIT_AGAIN) from error
        if status == 403:
            raise refused_reading(file.uri) from error
        raise
    size, etag = head["ContentLength"], etag_of(head)
    if file.size not in (None, size):
        raise ControlError(f"{file.uri} has {size} bytes, not {file.size} as stated", SUBMIT_AGAIN)
    if file.etag not in (None, etag):
        raise ControlError(f"{file.uri} has ETag {etag}, not {file.etag} as stated", SUBMIT_AGAIN)
    version = head.get("VersionId")
    return StoredObject(
        file.kind,
        file.uri,
        size,
        etag,
        # What S3 answers for a bucket that no longer keeps versions.
        None if version == "null" else version,
        file.sha256,
    )


def etag_of(head: HeadObjectOutputTypeDef) -> str:
    """Return the ETag of an object without its quotation marks."""
    return head["ETag"].strip('"')


def refused_reading(uri: S3Uri) -> TryAgain:
    """Build the error for an object that the credentials may not read."""
    return TryAgain(
        f"S3 does not let this command read {uri}",
        "allow s3:GetObject on the bucket for the credentials in use",
    )


class JobFiles:
    """The files of one job, each opened when needed and read once."""

    def __init__(self, s3: S3Client, found: Sequence[StoredObject]) -> None:
        self._s3 = s3
        self._found = {stored.kind: stored for stored in found}
        self._read: dict[str, StoredObject] = {}

    def __contains__(self, kind: str) -> bool:
        """Return whether the job has submitted such a file."""
        return kind in self._found

    @contextmanager
    def open(self, kind: str) -> Iterator[ObjectFile]:
        """Open one file; at the end it is verified."""
        with open_stored(self._s3, self._found[kind]) as file:
            yield file
        self._read[kind] = file.stored

    def read(self) -> list[StoredObject]:
        """Return all files that were read, with their checksums."""
        return [self._read[kind] for kind in self._found]


@contextmanager
def open_stored(s3: S3Client, stored: StoredObject) -> Iterator[ObjectFile]:
    """Read an object that was found, unless it was replaced since."""
    request: GetObjectRequestTypeDef = {
        "Bucket": stored.uri.bucket,
        "Key": stored.uri.key,
        "IfMatch": f'"{stored.etag}"',
    }
    if stored.version_id is not None:
        request["VersionId"] = stored.version_id
    try:
        body = s3.get_object(**request)["Body"]
    except botocore.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 412):
            raise TryAgain(
                f"{stored.uri} was replaced or deleted since it was looked up",
                "register it again; nothing was stored",
            ) from error
        raise
    with closing(body):
        file = ObjectFile(stored, body)
        yield file
        file.finish()


class _HashingReader(io.RawIOBase):
    """Counts and hashes the bytes it reads."""

    def __init__(self, body: Any) -> None:
        self.count = 0
        self._body = body
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = int(self._body.readinto(buffer))
        self._hash.update(memoryview(buffer)[:count])
        self.count += count
        return count

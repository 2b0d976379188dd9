"""Keep sealed files in S3, outside this machine: `s3://bucket/prefix`.

The bucket, its endpoint and its credentials are others than those of the platform, so that whoever
takes over one has not got the other.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from control.backups.sealing import SUFFIX, recipients_of, sealing, unseal
from control.errors import ControlError
from control.settings import Settings
from control.storage.s3 import ATTEMPTS, S3Uri, make_client
from control.whole_files import whole_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pyrage.x25519 import Identity, Recipient

# Pieces of an upload: S3 takes 10,000 of them, of which a few are in memory at once.
_PART_BYTES = 8 << 20
_MOST_PARTS = 9_000
_PARTS_IN_MEMORY = 3
_SMALL_BYTES = 1 << 20
# Some servers join the pieces of a large file only when they are told that these were all.
_READ_SECONDS = 60
_DELETED_AT_ONCE = 1000


class MissingFileError(ControlError):
    """A vault has no file of this name."""


@dataclass(frozen=True)
class Kept:
    """One file of a vault, as S3 lists it."""

    name: str
    size_bytes: int
    written_at: datetime


@dataclass(frozen=True)
class Vault:
    """A folder of sealed files in S3."""

    s3: S3Client
    uri: S3Uri
    recipients: tuple[Recipient, ...] = ()

    @classmethod
    def to_write(cls, settings: Settings, uri: S3Uri) -> Vault:
        """Return a vault that others can read: those who have the identity of a recipient."""
        return replace(cls.to_read(settings, uri), recipients=recipients_of(settings))

    @classmethod
    def to_read(cls, settings: Settings, uri: S3Uri) -> Vault:
        """Return a vault, with credentials of its own."""
        others = replace(
            settings,
            s3_endpoint_url=settings.backup_s3_endpoint_url,
            s3_access_key=settings.backup_s3_access_key,
            s3_secret_key=settings.backup_s3_secret_key,
            region=settings.backup_s3_region or settings.region,
        )
        is_same_server = settings.s3_endpoint_url == settings.backup_s3_endpoint_url
        if is_same_server and uri.bucket == settings.bucket:
            raise ControlError(
                f"{uri} is in the bucket of the platform, whose credentials could delete it",
                "use a bucket of its own, best on another account",
            )
        return cls(make_client(others, read_seconds=_READ_SECONDS), uri)

    @property
    def _prefix(self) -> str:
        return f"{self.uri.key}/" if self.uri.key else ""

    def below(self, name: str) -> Vault:
        """Return a folder of this one."""
        return replace(self, uri=S3Uri(self.uri.bucket, f"{self._prefix}{name}"))

    def files(self, start: str = "") -> Iterator[Kept]:
        """Yield the files whose names start so, in order of their names."""
        prefix = self._prefix
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.uri.bucket, Prefix=f"{prefix}{start}"
        )
        try:
            for page in pages:
                for found in page.get("Contents", ()):
                    name = found["Key"].removeprefix(prefix)
                    if name.endswith(SUFFIX):
                        name = name.removesuffix(SUFFIX)
                        yield Kept(name, found["Size"], found["LastModified"])
        except self.s3.exceptions.NoSuchBucket as error:
            raise self._no_bucket() from error

    def folders(self, start: str = "") -> list[str]:
        """Return the names of the folders directly below one, sorted."""
        prefix = f"{self._prefix}{start}"
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.uri.bucket, Prefix=prefix, Delimiter="/"
        )
        try:
            return sorted(
                found["Prefix"].removeprefix(prefix).rstrip("/")
                for page in pages
                for found in page.get("CommonPrefixes", ())
            )
        except self.s3.exceptions.NoSuchBucket as error:
            raise self._no_bucket() from error

    def facts(self, name: str) -> Mapping[str, str] | None:
        """Return what was noted openly beside a file; None if there is no such file."""
        try:
            return self.s3.head_object(Bucket=self.uri.bucket, Key=self._key(name))["Metadata"]
        except self.s3.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise

    def send(self, path: Path, name: str, facts: Mapping[str, str] | None = None) -> None:
        """Seal a file while it is sent; it appears whole or not at all."""
        with open(path, "rb") as plain:
            self._send(plain, os.fstat(plain.fileno()).st_size, name, facts)

    def write(self, data: bytes, name: str, facts: Mapping[str, str] | None = None) -> None:
        """Seal and store a short text."""
        self._send(io.BytesIO(data), len(data), name, facts)

    def fetch(self, name: str, target: Path, identities: Sequence[Identity]) -> None:
        """Decrypt a file while it is read; it appears when it proved to be whole."""
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole_file(target) as plain:
            unseal(_Object(self.s3, self._uri(name)), plain, identities, f"{self._uri(name)}")

    def read(self, name: str, identities: Sequence[Identity]) -> bytes:
        """Return a short text."""
        plain = io.BytesIO()
        unseal(_Object(self.s3, self._uri(name)), plain, identities, f"{self._uri(name)}")
        return plain.getvalue()

    def delete(self, names: Iterable[str]) -> None:
        """Delete files, and find nothing wrong with those that are gone."""
        waiting = iter(names)
        while some := list(islice(waiting, _DELETED_AT_ONCE)):
            answer = self.s3.delete_objects(
                Bucket=self.uri.bucket,
                Delete={"Objects": [{"Key": self._key(name)} for name in some], "Quiet": True},
            )
            for failed in answer.get("Errors", ()):
                raise ControlError(
                    f"{failed.get('Key')} cannot be deleted: {failed.get('Message')}",
                    "allow it, or let a rule of the bucket delete what is old",
                )

    def forget_unfinished(self) -> None:
        """Delete the pieces of uploads that were interrupted, which nobody sees and S3 charges."""
        found = self.s3.list_multipart_uploads(Bucket=self.uri.bucket, Prefix=self._prefix)
        for upload in found.get("Uploads", ()):
            self.s3.abort_multipart_upload(
                Bucket=self.uri.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
            )

    def _send(self, plain: BinaryIO, size: int, name: str, facts: Mapping[str, str] | None) -> None:
        from boto3.s3.transfer import TransferConfig

        part = max(_PART_BYTES, size // _MOST_PARTS)
        config = TransferConfig(
            multipart_threshold=part, multipart_chunksize=part, max_concurrency=2
        )
        config.max_in_memory_upload_chunks = _PARTS_IN_MEMORY
        metadata = dict(facts or {})
        with sealing(plain, self.recipients) as sealed:
            try:
                if size <= _SMALL_BYTES:
                    # In one request and with no threads, of which there would be some for each.
                    self.s3.put_object(
                        Bucket=self.uri.bucket,
                        Key=self._key(name),
                        Metadata=metadata,
                        Body=sealed.read(),
                    )
                    return
                self.s3.upload_fileobj(
                    sealed,
                    self.uri.bucket,
                    self._key(name),
                    ExtraArgs={"Metadata": metadata},
                    Config=config,
                )
            except self.s3.exceptions.NoSuchBucket as error:
                raise self._no_bucket() from error

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name}{SUFFIX}"

    def _uri(self, name: str) -> S3Uri:
        return S3Uri(self.uri.bucket, self._key(name))

    def _no_bucket(self) -> ControlError:
        return ControlError(
            f"there is no bucket {self.uri.bucket}",
            "create it, or correct backup_s3_endpoint_url",
        )


class _Object:
    """One object of S3, read from start to end; a lost connection is made again."""

    def __init__(self, s3: S3Client, uri: S3Uri) -> None:
        self._s3, self._uri = s3, uri
        self._offset, self._lost = 0, 0
        try:
            answer = s3.get_object(Bucket=uri.bucket, Key=uri.key)
        except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket) as error:
            raise MissingFileError(f"{uri} does not exist", "check bucket and prefix") from error
        self._body, self._etag = answer["Body"], answer["ETag"]

    def read(self, size: int = -1, /) -> bytes:
        """Return up to that many bytes."""
        from botocore.exceptions import BotoCoreError

        while True:
            try:
                piece = self._body.read(None if size < 0 else size)
            except BotoCoreError:
                self._lost += 1
                if self._lost == ATTEMPTS:
                    raise
                self._body = self._s3.get_object(
                    Bucket=self._uri.bucket,
                    Key=self._uri.key,
                    Range=f"bytes={self._offset}-",
                    IfMatch=self._etag,
                )["Body"]
                continue
            self._offset += len(piece)
            if piece:
                self._lost = 0
            return piece

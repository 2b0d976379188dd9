"""Keep copies of the objects in S3 that rows refer to, each once, and find those that are wrong."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import class_row

from control.backups.manifest import OBJECTS, StoredObject
from control.outputs.parallel import in_parallel
from control.queries import query
from control.storage.s3 import S3Uri
from control.whole_files import whole_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK_BYTES = 1 << 20
_ROWS_AT_ONCE = 1000
# What may be wrong with an object.
MISSING, OTHER = "missing from S3", "not what its row describes"


@dataclass(frozen=True)
class Wanted:
    """An object that rows refer to, and what they say about it."""

    bucket: str
    key: str
    version_id: str | None
    size_bytes: int | None
    checksum_sha256: str | None
    # A part of an upload that may never have been sent.
    is_promised: bool

    @property
    def address(self) -> str:
        """Return its address, for people."""
        version = "" if self.version_id is None else f" (version {self.version_id})"
        return f"s3://{self.bucket}/{self.key}{version}"

    @property
    def file(self) -> str:
        """Return where its copy is below the directory, which does not depend on other objects."""
        name = json.dumps([self.bucket, self.key, self.version_id])
        digest = hashlib.sha256(name.encode()).hexdigest()
        return f"{OBJECTS}/{digest[:2]}/{digest}"

    def fits(self, stored: StoredObject) -> bool:
        """Return whether a copy has the size and checksum that its row states."""
        fits_size = self.size_bytes in (None, stored.size_bytes)
        return fits_size and self.checksum_sha256 in (None, stored.sha256)


def wanted_objects(
    conn: psycopg.Connection, since: datetime | None = None, group_id: int | None = None
) -> Iterator[Wanted]:
    """Yield every object that rows refer to, inside a transaction; memory stays flat.

    With a time, only those of rows that are new since; with a group, only those of its rows.
    """
    finding = {
        "aspen.job_outputs": query("backups/find_outputs"),
        "aspen.repository_data": query("backups/find_data_sets"),
        "aspen.uploads": query("backups/find_uploads"),
    }
    for statement in _of_tables_here(conn, finding):
        with conn.cursor("wanted_objects", row_factory=class_row(Wanted)) as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            yield from cursor.execute(statement, {"since": since, "group_id": group_id})


def rename_objects(conn: psycopg.Connection) -> None:
    """Let all rows name their objects as the temporary table `moved` says."""
    renaming = {
        "aspen.job_outputs": query("backups/rename_outputs"),
        "aspen.repository_data": query("backups/rename_data_sets"),
        "aspen.uploads": query("backups/rename_uploads"),
    }
    for statement in _of_tables_here(conn, renaming):
        conn.execute(statement)


def _of_tables_here(conn: psycopg.Connection, statements: dict[str, bytes]) -> list[bytes]:
    """Return the statements about tables that the database has; an older one lacks some."""
    return [
        statement
        for table, statement in statements.items()
        if conn.execute("select to_regclass(%s) is not null", [table]).fetchone() == (True,)
    ]


def write_wanted(
    conn: psycopg.Connection,
    path: Path,
    group_id: int | None = None,
    since: datetime | None = None,
) -> int:
    """Write the list of objects as of a snapshot to a file; return how many there are."""
    count = 0
    with open(path, "x", encoding="utf-8") as listed:
        for wanted in wanted_objects(conn, since, group_id):
            listed.write(json.dumps(asdict(wanted)) + "\n")
            count += 1
    return count


def read_wanted(path: Path) -> Iterator[Wanted]:
    """Yield the objects of such a list."""
    with open(path, encoding="utf-8") as listed:
        for line in listed:
            yield Wanted(**json.loads(line))


def put_copy(s3: S3Client, uri: S3Uri, path: Path, content_type: str) -> ObjectName:
    """Store the copy of an object at an address."""
    s3.upload_file(str(path), uri.bucket, uri.key, ExtraArgs={"ContentType": content_type})
    found = s3.head_object(Bucket=uri.bucket, Key=uri.key)
    return ObjectName(found.get("VersionId"), found["ETag"])


@dataclass(frozen=True)
class ObjectName:
    """What S3 calls a stored object: its version, if the bucket keeps versions, and its etag."""

    version_id: str | None
    etag: str


@dataclass(frozen=True)
class Kept:
    """What became of one object: its copy, if there is one, and what is wrong with it."""

    wanted: Wanted
    stored: StoredObject | None
    problem: str | None


def keep_objects(
    s3: S3Client,
    objects: Iterable[Wanted],
    directory: Path,
    earlier: Path | None = None,
    *,
    asks_for_all: bool = True,
) -> Iterator[Kept]:
    """Copy each object below a directory, except for those that it or an earlier one has.

    A copy of the earlier directory is linked, so that either directory is complete by itself.
    Unless it asks for all, S3 is not asked for versions that are here: they never change.
    """

    def keep(wanted: Wanted) -> Kept:
        return _keep(s3, wanted, directory, earlier, asks_for_all=asks_for_all)

    return (kept for _, kept in in_parallel(keep, objects))


def _keep(
    s3: S3Client, wanted: Wanted, directory: Path, earlier: Path | None, *, asks_for_all: bool
) -> Kept:
    if not asks_for_all and wanted.version_id is not None:
        known = known_copy(directory, wanted)
        if known is not None:
            return Kept(wanted, known, None if wanted.fits(known) else OTHER)
    found = _describe(s3, wanted)
    known = known_copy(directory, wanted) or (
        _take_over(earlier, directory, wanted, found) if earlier is not None else None
    )
    if found is None:
        # What is missing from S3 and was kept earlier is worth more than before.
        return Kept(wanted, known, None if wanted.is_promised else MISSING)
    is_new = known is None or (known.etag, known.size_bytes) != found
    stored = _fetch(s3, wanted, directory) if is_new else known
    if stored is None:
        return Kept(wanted, None, MISSING)
    return Kept(wanted, stored, None if wanted.fits(stored) else OTHER)


def known_copy(directory: Path, wanted: Wanted) -> StoredObject | None:
    """Return the description of a complete copy; it is written after the copy."""
    try:
        return StoredObject(**json.loads((directory / f"{wanted.file}.json").read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        # Never completed, or damaged: it is copied again.
        return None


def _take_over(
    earlier: Path, directory: Path, wanted: Wanted, found: tuple[str, int] | None
) -> StoredObject | None:
    """Link an earlier copy, if it is of the object that is in S3 now or was lost there."""
    known = known_copy(earlier, wanted)
    if known is None or (found is not None and (known.etag, known.size_bytes) != found):
        return None
    target = directory / wanted.file
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(earlier / wanted.file, target)
    except OSError:
        # Another file system, or one without links.
        if not (earlier / wanted.file).exists():
            return None
        shutil.copy2(earlier / wanted.file, target)
    _describe_copy(target, known)
    return known


def _request(wanted: Wanted) -> dict[str, str]:
    version = {} if wanted.version_id is None else {"VersionId": wanted.version_id}
    return {"Bucket": wanted.bucket, "Key": wanted.key, **version}


def _describe(s3: S3Client, wanted: Wanted) -> tuple[str, int] | None:
    """Return etag and size of an object; None when it is missing."""
    try:
        found = s3.head_object(**_request(wanted))  # type: ignore[arg-type]
    except s3.exceptions.ClientError as error:
        # S3 answers 400 for a version id it never issued.
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404):
            return None
        raise
    return found["ETag"], found["ContentLength"]


def _fetch(s3: S3Client, wanted: Wanted, directory: Path) -> StoredObject | None:
    """Copy one object into a file piece by piece; return None when it is missing."""
    try:
        answer = s3.get_object(**_request(wanted))  # type: ignore[arg-type]
    except s3.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise
    target = directory / wanted.file
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    # Two rows may name the same object, and both are looked at together.
    with whole_file(target) as copy:
        for piece in answer["Body"].iter_chunks(_CHUNK_BYTES):
            digest.update(piece)
            size += copy.write(piece)
    stored = StoredObject(
        wanted.bucket,
        wanted.key,
        wanted.version_id,
        answer["ETag"],
        answer.get("ContentType", "binary/octet-stream"),
        size,
        digest.hexdigest(),
        wanted.file,
    )
    _describe_copy(target, stored)
    return stored


def _describe_copy(target: Path, stored: StoredObject) -> None:
    """Write what a copy is a copy of."""
    with whole_file(target.with_suffix(".json")) as file:
        file.write(json.dumps(asdict(stored)).encode())

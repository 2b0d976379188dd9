"""Delete from S3 the objects that aspen.object_prunes lists, and nothing else.

Each batch is one transaction: its entries and the keys of its objects are locked, then every object
that something needs is kept. An entry whose key ends with a slash is the folder of a deleted job.
A command that is killed has deleted objects whose entries are still there; the next one deletes
them again, which S3 answers alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import psycopg
from psycopg.rows import class_row

from control.outputs.object_locks import try_lock_objects
from control.outputs.parallel import in_parallel
from control.queries import query
from control.storage.s3 import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

# Each takes one of PostgreSQL's shared locks.
BATCH = 500
# What S3 deletes at once.
MOST_OBJECTS = 1000


Outcome = Literal["deleted", "kept", "failed"]


@dataclass(frozen=True)
class Pruned:
    """What became of one object: `kept` means that something needs it."""

    job_id: int | None
    uri: S3Uri
    version_id: str | None
    outcome: Outcome = "deleted"
    reason: str | None = None


@dataclass(frozen=True)
class _Entry:
    id: int
    job_id: int | None
    key: str
    version_id: str | None

    @property
    def is_folder(self) -> bool:
        """Return whether the entry is about everything below its key."""
        return self.key.endswith("/")


def prune_objects(
    conn: psycopg.Connection,
    s3: S3Client,
    bucket: str,
    *,
    dry_run: bool = False,
    group_id: int | None = None,
) -> Iterator[Pruned]:
    """Delete what the queue lists of this bucket, the oldest first, by version.

    An entry whose object S3 does not delete stays in the queue. With a group, only its entries.
    """
    after = 0
    while True:
        with conn.transaction(force_rollback=dry_run):
            entries = _claim(conn, bucket, after, group_id)
            if not entries:
                return
            after = entries[-1].id
            done = _prune(conn, s3, bucket, entries, dry_run=dry_run)
        yield from done


def count_elsewhere(conn: psycopg.Connection, bucket: str) -> int:
    """Return how many objects of other buckets wait: those of another environment, after a copy."""
    row = conn.execute(
        "select count(*) from aspen.object_prunes where bucket <> %s", [bucket]
    ).fetchone()
    assert row is not None
    return int(row[0])


def delete_keys(s3: S3Client, bucket: str, keys: Sequence[str]) -> list[str]:
    """Delete all that is stored under these keys; return those that S3 did not delete."""
    failures = _delete(s3, bucket, [_Entry(0, None, key, None) for key in keys])
    return sorted({key for key, _ in failures})


def _claim(conn: psycopg.Connection, bucket: str, after: int, group_id: int | None) -> list[_Entry]:
    with conn.cursor(row_factory=class_row(_Entry)) as cursor:
        values = {"bucket": bucket, "after": after, "limit": BATCH, "group_id": group_id}
        return cursor.execute(query("outputs/claim_prunes"), values).fetchall()


def _prune(
    conn: psycopg.Connection, s3: S3Client, bucket: str, entries: Sequence[_Entry], *, dry_run: bool
) -> list[Pruned]:
    free = try_lock_objects(conn, (S3Uri(bucket, entry.key) for entry in entries))
    entries = [entry for entry in entries if str(S3Uri(bucket, entry.key)) in free]
    objects = [entry for entry in entries if not entry.is_folder]
    # A statement of its own: it sees what was registered before the locks were taken.
    needed = _needed(conn, bucket, [(entry.key, entry.version_id) for entry in objects])
    unneeded = [entry for entry in objects if (entry.key, entry.version_id) not in needed]
    failures = {} if dry_run else _delete(s3, bucket, unneeded)
    done = []
    for entry in objects:
        pruned = Pruned(entry.job_id, S3Uri(bucket, entry.key), entry.version_id)
        if (entry.key, entry.version_id) in needed:
            pruned = replace(pruned, outcome="kept")
        elif reason := failures.get((entry.key, entry.version_id)):
            pruned = replace(pruned, outcome="failed", reason=reason)
        done.append((entry.id, pruned))
    named = {entry.key for entry in objects}
    for entry in entries:
        if entry.is_folder:
            below = _prune_folder(conn, s3, bucket, entry, dry_run=dry_run)
            # In a dry run, files with an entry of their own are still there.
            done += [(entry.id, pruned) for pruned in below if pruned.uri.key not in named]
    failed = {entry_id for entry_id, pruned in done if pruned.outcome == "failed"}
    conn.execute(
        "delete from aspen.object_prunes where id = any(%s)",
        [[entry.id for entry in entries if entry.id not in failed]],
    )
    return [pruned for _, pruned in done]


def _prune_folder(
    conn: psycopg.Connection, s3: S3Client, bucket: str, entry: _Entry, *, dry_run: bool
) -> Iterator[Pruned]:
    """Delete everything below the folder of a job that is gone, page by page.

    Nobody registers files for a job that is gone, and no later job has its id, so the key of the
    folder is the only one that is locked.
    """
    job = conn.execute("select from aspen.jobs where id = %s", [entry.job_id]).fetchone()
    if job is not None:
        yield Pruned(entry.job_id, S3Uri(bucket, entry.key), None, "kept")
        return
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=entry.key)
    for page in pages:
        stored = [
            (found["Key"], found["VersionId"])
            for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        ]
        needed = {key for key, _ in _needed(conn, bucket, [(key, None) for key, _ in stored])}
        gone = [
            replace(entry, key=key, version_id=version)
            for key, version in stored
            if key not in needed
        ]
        failures = {} if dry_run else _delete(s3, bucket, gone)
        for key in dict.fromkeys(key for key, _ in stored):
            reason = failures.get((key, None))
            outcome: Outcome = "kept" if key in needed else "failed" if reason else "deleted"
            yield Pruned(entry.job_id, S3Uri(bucket, key), None, outcome, reason)


def _needed(
    conn: psycopg.Connection, bucket: str, objects: Sequence[tuple[str, str | None]]
) -> set[tuple[str, str | None]]:
    """Return the ones of these objects, by key and version, that something needs."""
    values = {
        "bucket": bucket,
        "keys": [key for key, _ in objects],
        "version_ids": [version for _, version in objects],
    }
    return set(conn.execute(query("outputs/find_needed_objects"), values))


def _delete(
    s3: S3Client, bucket: str, entries: Sequence[_Entry]
) -> dict[tuple[str, str | None], str]:
    """Delete these objects, and return why S3 did not delete some of them.

    An entry without a version means everything that is stored under its key, whose versions nobody
    recorded.
    """
    objects: list[ObjectIdentifierTypeDef] = []
    without_version = {entry.key for entry in entries if entry.version_id is None}
    for key, versions in in_parallel(lambda one: _versions(s3, bucket, one), without_version):
        objects += [{"Key": key, "VersionId": version} for version in versions]
    objects += [
        {"Key": entry.key, "VersionId": entry.version_id}
        for entry in entries
        if entry.version_id is not None and entry.key not in without_version
    ]
    failures = {}
    while some := objects[:MOST_OBJECTS]:
        del objects[:MOST_OBJECTS]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})
        for error in answer.get("Errors", []):
            reason = f"{error.get('Message') or 'S3 gives no reason'} ({error.get('Code', '?')})"
            failures[error["Key"], error.get("VersionId")] = reason
            failures[error["Key"], None] = reason
    return failures


def _versions(s3: S3Client, bucket: str, key: str) -> list[str]:
    """Return every version of an object, and every mark that it was deleted."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
    return [
        found["VersionId"]
        for page in pages
        for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        if found["Key"] == key
    ]

"""Find the objects that nothing accounts for, and queue them for deletion."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from control.outputs.addresses import is_of_platform
from control.outputs.object_locks import try_lock_objects
from control.queries import query, run_query
from control.storage.s3 import S3Uri

# Each takes one of PostgreSQL's shared locks.
BATCH = 500


def find_unregistered(conn: psycopg.Connection, bucket: str, keys: Sequence[str]) -> list[str]:
    """Return the ones of these objects that nothing accounts for, in the order given."""
    values = {"bucket": bucket, "keys": list(keys)}
    return [key for (key,) in conn.execute(query("outputs/find_unregistered"), values)]


def queue_orphans(
    conn: psycopg.Connection, bucket: str, keys: Sequence[str], *, dry_run: bool = False
) -> set[str]:
    """Queue those that nothing accounts for where only the platform writes; return them.

    Objects that are being registered are skipped. Whoever deletes an object looks once more.
    """
    queued: set[str] = set()
    owned = [key for key in keys if is_of_platform(key)]
    for start in range(0, len(owned), BATCH):
        some = owned[start : start + BATCH]
        with conn.transaction(force_rollback=dry_run):
            free = try_lock_objects(conn, (S3Uri(bucket, key) for key in some))
            # A statement of its own: it sees what was registered before the locks were taken.
            orphans = find_unregistered(
                conn, bucket, [key for key in some if str(S3Uri(bucket, key)) in free]
            )
            run_query(conn, "outputs/queue_orphans", {"bucket": bucket, "keys": orphans})
        queued.update(orphans)
    return queued

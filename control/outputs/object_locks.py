"""Keep registering and deleting the same object apart: each takes the lock of the object's key.

Registration waits for the lock and then reads the object, so it either finds it deleted or keeps
it. Deletion does not wait: an object that is being registered stays in the queue.
"""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from control.storage.s3 import S3Uri

# Sorted, so that two commands that lock the same keys never wait for each other.
_LOCK = (
    "select pg_advisory_xact_lock(hashtextextended(address, 0))"
    " from (select address from unnest(%s::text[]) as named (address) order by address) as sorted"
)
_TRY = (
    "select address from unnest(%s::text[]) as named (address)"
    " where pg_try_advisory_xact_lock(hashtextextended(address, 0))"
)


def lock_objects(conn: psycopg.Connection, uris: Iterable[S3Uri]) -> None:
    """Wait until nobody deletes these objects; until the transaction ends nobody does."""
    conn.execute(_LOCK, [[str(uri) for uri in uris]])


def try_lock_objects(conn: psycopg.Connection, uris: Iterable[S3Uri]) -> set[str]:
    """Lock the objects that nobody registers, and return their addresses."""
    return {address for (address,) in conn.execute(_TRY, [sorted({str(uri) for uri in uris})])}

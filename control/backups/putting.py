"""Put the objects of a backup back into S3 where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from control.backups.manifest import StoredObject
from control.backups.objects import ObjectName, put_copy, rename_objects
from control.outputs.parallel import in_parallel
from control.storage.s3 import S3Uri
from control.terminal import counted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Each needs its room while it is fetched.
_PUT_AT_ONCE = 4


def put_objects(
    conn: psycopg.Connection,
    s3: S3Client,
    bucket: str,
    objects: Iterable[StoredObject],
    file_of: Callable[[StoredObject], AbstractContextManager[Path]],
) -> int:
    """Put every object into the bucket of this environment, and let the rows name it there.

    An object that is there already in the registered version is left unchanged.
    """

    def put(stored: StoredObject) -> ObjectName | None:
        if _is_there(s3, bucket, stored):
            return None
        with file_of(stored) as path:
            return put_copy(s3, S3Uri(bucket, stored.key), path, stored.content_type)

    count = 0
    with conn.transaction():
        conn.execute(
            "create temporary table moved (bucket text, key text, version_id text,"
            " new_bucket text, new_version_id text, new_etag text) on commit drop"
        )
        with conn.cursor().copy("copy pg_temp.moved from stdin") as rows:
            placed = in_parallel(put, objects, _PUT_AT_ONCE)
            for stored, name in counted(placed, "putting objects"):
                count += 1
                if name is not None:
                    address = stored.bucket, stored.key, stored.version_id
                    rows.write_row((*address, bucket, name.version_id, name.etag))
        rename_objects(conn)
    return count


def _is_there(s3: S3Client, bucket: str, stored: StoredObject) -> bool:
    if stored.bucket != bucket:
        return False
    version = {} if stored.version_id is None else {"VersionId": stored.version_id}
    try:
        found = s3.head_object(Bucket=bucket, Key=stored.key, **version)  # type: ignore[arg-type]
    except s3.exceptions.ClientError as error:
        # S3 answers 400 for a version id it never issued.
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404):
            return False
        raise
    return found["ETag"] == stored.etag and found["ContentLength"] == stored.size_bytes

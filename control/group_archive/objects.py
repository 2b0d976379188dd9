"""Put the objects of an archive into S3 under the keys that they have here, and verify them."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import class_row

from control.backups.manifest import StoredObject
from control.backups.objects import ObjectName, put_copy
from control.errors import ControlError
from control.group_archive.manifest import Manifest, archived_objects
from control.outputs.parallel import in_parallel
from control.queries import query
from control.storage.s3 import S3Uri, open_object
from control.terminal import working_on

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_AT_ONCE = 500
_CHUNK_BYTES = 1 << 20
_COLUMNS = ", ".join(each.name for each in fields(StoredObject))


@dataclass(frozen=True)
class _Placed:
    """An object of the archive, and the key that it gets."""

    number: int
    file: str
    sha256: str
    content_type: str
    new_key: str


def place_objects(
    conn: psycopg.Connection, folder: Path, manifest: Manifest, group_id: int
) -> tuple[int, int]:
    """Give each object of an archive its key here, and leave out the rows that have none.

    Returns how many outputs and uploads are left out.
    """
    conn.execute(
        "create temporary table archived_objects (bucket text, key text, version_id text,"
        " etag text, content_type text, size_bytes bigint, sha256 text, file text,"
        " number bigint generated always as identity primary key,"
        " new_key text, new_version_id text, new_etag text) on commit drop"
    )
    if manifest.objects is not None:
        copying = f"copy pg_temp.archived_objects ({_COLUMNS}) from stdin"
        with conn.cursor().copy(copying) as rows:
            for stored in archived_objects(folder):
                rows.write_row(astuple(stored))
    outputs = conn.execute(query("group_archive/leave_out_outputs")).rowcount
    uploads = conn.execute(query("group_archive/leave_out_uploads")).rowcount
    conn.execute(query("group_archive/place_outputs"), {})
    conn.execute(query("group_archive/place_uploads"), {"group_id": group_id})
    conn.execute("update pg_temp.archived_objects set new_etag = etag")
    return outputs, uploads


def put_objects(
    conn: psycopg.Connection, s3: S3Client, bucket: str, folder: Path, put: list[str]
) -> int:
    """Put every object that has a place into a bucket; note the keys in `put`, before."""

    def put_one(placed: _Placed) -> ObjectName:
        put.append(placed.new_key)
        place = S3Uri(bucket, placed.new_key)
        name = put_copy(s3, place, folder / placed.file, placed.content_type)
        _verify(s3, place, placed.sha256)
        return name

    count = after = 0
    while some := _placed(conn, after):
        working_on(f"putting objects: {count}")
        named = list(in_parallel(put_one, some))
        conn.execute(
            query("group_archive/name_objects"),
            {
                "numbers": [placed.number for placed, _ in named],
                "version_ids": [name.version_id for _, name in named],
                "etags": [name.etag for _, name in named],
            },
        )
        count, after = count + len(named), some[-1].number
    return count


def rename_objects(conn: psycopg.Connection, bucket: str, group_id: int) -> None:
    """Let the rows of the archive name their objects as they are called here."""
    conn.execute(query("group_archive/rename_outputs"), {"bucket": bucket})
    conn.execute(query("group_archive/rename_uploads"), {"bucket": bucket, "group_id": group_id})


def _placed(conn: psycopg.Connection, after: int) -> list[_Placed]:
    with conn.cursor(row_factory=class_row(_Placed)) as cursor:
        return cursor.execute(
            "select number, file, sha256, content_type, new_key from pg_temp.archived_objects"
            " where number > %s and new_key is not null order by number limit %s",
            [after, _AT_ONCE],
        ).fetchall()


def _verify(s3: S3Client, uri: S3Uri, sha256: str) -> None:
    """Read an object back: only what S3 gives out again is stored."""
    digest = hashlib.sha256()
    with open_object(s3, uri) as body:
        while piece := body.read(_CHUNK_BYTES):
            digest.update(piece)
    if digest.hexdigest() != sha256:
        raise ControlError(
            f"{uri} is not what was put there; nothing was imported",
            "look at the S3 server, then import again",
        )

"""Fetch files that people sent in parts, compared with what they announced."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import class_row

from control.errors import ControlError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class Upload:
    """A file as it was announced, and the keys of its parts."""

    id: int
    file_name: str
    bucket: str
    keys: list[str]
    size_bytes: int
    checksum_sha256: str


def find_upload(conn: psycopg.Connection, group_id: int, upload_id: int) -> Upload:
    """Return an upload of a group that has not expired."""
    with conn.cursor(row_factory=class_row(Upload)) as cursor:
        upload = cursor.execute(
            "select uploads.id, uploads.file_name, uploads.bucket, uploads.size_bytes,"
            " uploads.checksum_sha256, array(select internal.part_key(uploads.folder, part.number)"
            " from generate_series(1, uploads.part_count) as part(number) order by 1) as keys"
            " from aspen.uploads as uploads where uploads.group_id = %s and uploads.id = %s"
            " and uploads.expires_at > now()",
            [group_id, upload_id],
        ).fetchone()
    if upload is None:
        raise ControlError(
            f"upload {upload_id} was deleted or has expired", "send the file again and import it"
        )
    return upload


def fetch_upload(s3: S3Client, upload: Upload, target: Path) -> None:
    """Write the parts to one file, and refuse one that is not what was announced."""
    digest = sha256()
    size = 0
    with target.open("wb") as file:
        for number, key in enumerate(upload.keys, 1):
            try:
                body = s3.get_object(Bucket=upload.bucket, Key=key)["Body"]
            except s3.exceptions.NoSuchKey as error:
                raise ControlError(
                    f"part {number} of {upload.file_name} was not sent",
                    "send it by a link of upload_links, and retry the job",
                ) from error
            for piece in body.iter_chunks(BUFFER_BYTES):
                digest.update(piece)
                file.write(piece)
                size += len(piece)
    if (size, digest.hexdigest()) != (upload.size_bytes, upload.checksum_sha256):
        raise ControlError(
            f"{upload.file_name} is not the file that was announced: its checksum differs",
            "send it again by links of upload_links, and retry the job",
        )


def delete_uploads(conn: psycopg.Connection, used: list[int]) -> None:
    """Delete uploads that were imported, and those of all groups that have expired."""
    conn.execute(
        "delete from aspen.uploads where id = any(%s) or expires_at <= clock_timestamp()", [used]
    )

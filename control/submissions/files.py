"""Give back the files of a submission exactly as they were sent."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psycopg
from psycopg.rows import class_row

from control.errors import ControlError


@dataclass(frozen=True)
class SentFile:
    """A file as it was sent."""

    name: str
    size_bytes: int
    checksum_sha256: str


def files_of(conn: psycopg.Connection, submission_id: int) -> list[SentFile]:
    """Return the files of a submission without their content."""
    with conn.cursor(row_factory=class_row(SentFile)) as cursor:
        return cursor.execute(
            "select name, size_bytes, checksum_sha256 from aspen.submission_files"
            " where submission_id = %s order by name",
            [submission_id],
        ).fetchall()


def write_files(conn: psycopg.Connection, submission_id: int, folder: Path) -> list[Path]:
    """Write the files into a folder, where none of that name may be, and check their checksums."""
    written = []
    for file in files_of(conn, submission_id):
        row = conn.execute(
            "select content from aspen.submission_files where submission_id = %s and name = %s",
            [submission_id, file.name],
        ).fetchone()
        assert row is not None
        content = bytes(row[0])
        if sha256(content).hexdigest() != file.checksum_sha256:
            raise ControlError(f"{file.name} is not what was sent", "restore it from a backup")
        path = folder / file.name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as new:
                new.write(content)
        except OSError as error:
            raise ControlError(
                f"{path} could not be written: {error.strerror}", "name an empty folder"
            ) from error
        written.append(path)
    return written

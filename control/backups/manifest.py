"""Describe a backup in its manifest, and check that a backup is complete."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from control.errors import ControlError
from control.tokens.keys import load_keys

FORMAT = 1
MANIFEST = "backup.json"
DUMP = "database.dump"
OBJECTS = "objects"
OBJECT_LIST = "objects.jsonl"
KEYS = "keys"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Setting:
    """A setting of the operators that PostgreSQL keeps with a role or a database."""

    role: str | None
    is_of_database: bool
    name: str
    value: str


@dataclass(frozen=True)
class StoredObject:
    """One object of S3 as stored in a backup."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    content_type: str
    size_bytes: int
    sha256: str
    file: str


@dataclass(frozen=True)
class Backup:
    """One complete backup."""

    directory: Path
    made_at: str
    server_major: int
    # The version of pg_dump: pg_restore must not be older.
    tool_major: int
    migrations: tuple[str, ...]
    rows: dict[str, int]
    settings: tuple[Setting, ...]
    dump_sha256: str
    # None when the objects were left out.
    object_list_sha256: str | None
    # Objects the database refers to that were missing from S3.
    missing_objects: tuple[str, ...]
    has_keys: bool
    # Objects whose size or checksum is not the one their row states.
    wrong_objects: tuple[str, ...] = ()

    @property
    def row_count(self) -> int:
        """Return the number of rows of all tables."""
        return sum(self.rows.values())

    @property
    def object_count(self) -> int:
        """Return the number of objects."""
        return sum(1 for _ in self.objects())

    def objects(self) -> Iterator[StoredObject]:
        """Yield each object in the order of the list."""
        if self.object_list_sha256 is None:
            return
        with open(self.directory / OBJECT_LIST, encoding="utf-8") as lines:
            for line in lines:
                yield StoredObject(**json.loads(line))

    def write(self) -> None:
        """Write the manifest last: a directory without it is no backup."""
        document = {"format": FORMAT} | asdict(self)
        del document["directory"]
        path = self.directory / MANIFEST
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        path.chmod(0o600)


def find_backups(folder: Path) -> list[Backup]:
    """Return the complete backups directly below a folder, the oldest first, unverified."""
    found = []
    for path in folder.glob(f"*/{MANIFEST}"):
        # Neither a damaged nor a half-deleted backup stands in the way of a new one.
        with suppress(ControlError):
            if not path.parent.name.endswith(".partial"):
                found.append(read_manifest(path.parent))
    return sorted(found, key=lambda backup: backup.made_at)


def newest_backup(folder: Path) -> Path | None:
    """Return the newest complete backup directly below a folder."""
    found = find_backups(folder)
    return found[-1].directory if found else None


def read_backup(directory: Path) -> Backup:
    """Read a backup and verify the checksum of every file, before anything is changed."""
    backup = read_manifest(directory)
    _check(directory / DUMP, backup.dump_sha256)
    if backup.object_list_sha256 is not None:
        _check(directory / OBJECT_LIST, backup.object_list_sha256)
        for stored in backup.objects():
            _check(directory / stored.file, stored.sha256)
    if backup.has_keys:
        load_keys(directory / KEYS)
    return backup


def read_manifest(directory: Path) -> Backup:
    """Read what a backup says about itself."""
    try:
        document = json.loads((directory / MANIFEST).read_bytes())
        found = document.pop("format")
        if found != FORMAT:
            raise ControlError(
                f"{directory} is a backup of format {found}, not {FORMAT}",
                "restore it with the version of control that made it",
            )
        settings = tuple(Setting(**each) for each in document.pop("settings"))
        return Backup(directory=directory, settings=settings, **_with_tuples(document))
    except FileNotFoundError as error:
        raise ControlError(
            f"{directory} is no backup: {MANIFEST} is missing",
            "name a directory that control db backup completed",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ControlError(
            f"{directory / MANIFEST} is damaged", "restore from another backup"
        ) from error


def sha256_of(path: Path) -> str:
    """Return the checksum of a file of any size."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _check(path: Path, sha256: str) -> None:
    try:
        is_whole = sha256_of(path) == sha256
    except FileNotFoundError:
        is_whole = False
    if not is_whole:
        raise ControlError(
            f"{path} differs from what was backed up", "restore from another copy of this backup"
        )


def _with_tuples(document: dict[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
    }

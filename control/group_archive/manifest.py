"""Describe the archive of a group in its manifest, and check that an archive is complete."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from control.backups.manifest import StoredObject, sha256_of
from control.errors import ControlError
from control.people.groups import Group

FORMAT = 1
KIND = "aspen group archive"
MANIFEST = "manifest.json"
OBJECT_LIST = "objects.jsonl"
USERS = "users.csv"
_NAME = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)*(\.csv|\.jsonl)?")
_OTHER_COPY = "use another copy of the archive, or export the group again"


@dataclass(frozen=True)
class ArchivedTable:
    """The rows of one table: how many, in which columns, and whether an import stores them."""

    rows: int
    columns: tuple[str, ...]
    is_restored: bool


@dataclass(frozen=True)
class Manifest:
    """What an archive holds, and of what it is."""

    made_at: str
    made_by: str
    group: Group
    migrations: tuple[str, ...]
    tables: Mapping[str, ArchivedTable]
    # Tables that stay behind: how many rows, and why.
    withheld: Mapping[str, Mapping[str, Any]]
    # None when the objects were left out.
    objects: int | None
    object_bytes: int
    missing_objects: tuple[str, ...] = ()
    wrong_objects: tuple[str, ...] = ()
    # The checksum of every other file.
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        """Return the number of rows of all tables."""
        return sum(table.rows for table in self.tables.values())

    @property
    def restored_rows(self) -> dict[str, int]:
        """Return how many rows of each table an import stores."""
        return {name: table.rows for name, table in self.tables.items() if table.is_restored}

    def write(self, directory: Path) -> None:
        """Write the manifest, after all files that it names."""
        document = {"kind": KIND, "format": FORMAT} | asdict(self)
        path = directory / MANIFEST
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        path.chmod(0o600)


def table_file(table: str) -> str:
    """Return where the rows of a table are."""
    return f"tables/{table}.csv"


def reference_file(table: str) -> str:
    """Return where the rows of a reference table are that the group names."""
    return f"references/{table}.csv"


def archived_objects(directory: Path) -> Iterator[StoredObject]:
    """Yield the objects of an archive in the order of its list."""
    with open(directory / OBJECT_LIST, encoding="utf-8") as lines:
        for line in lines:
            yield StoredObject(**json.loads(line))


def read_manifest(path: Path) -> Manifest:
    """Read a manifest, unverified."""
    try:
        document = json.loads(path.read_bytes())
        if document.pop("kind") != KIND:
            raise ValueError
        if (found := document.pop("format")) != FORMAT:
            raise ControlError(
                f"{path} is of format {found}, not {FORMAT}",
                "use the version of control that made the archive, or a newer one",
            )
        tables = {
            name: ArchivedTable(table["rows"], tuple(table["columns"]), table["is_restored"])
            for name, table in document.pop("tables").items()
        }
        for name in ("migrations", "missing_objects", "wrong_objects"):
            document[name] = tuple(document[name])
        manifest = Manifest(group=Group(**document.pop("group")), tables=tables, **document)
        names = [*manifest.files, *map(table_file, tables)]
        if not all(isinstance(name, str) and _NAME.fullmatch(name) for name in names):
            raise ValueError
        return manifest
    except FileNotFoundError as error:
        raise ControlError(
            f"{path.parent} is no archive of a group: it has no {MANIFEST}",
            "name what control group export wrote",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ControlError(f"{path} is no manifest of a group, or damaged", _OTHER_COPY) from error


def verified_manifest(directory: Path) -> Manifest:
    """Read a manifest, and compare every file of the archive with its checksum."""
    manifest = read_manifest(directory / MANIFEST)
    found = {
        str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir()
    } - {MANIFEST}
    needed = {table_file(name) for name in manifest.tables} | {USERS}
    if manifest.objects is not None:
        needed.add(OBJECT_LIST)
    if strange := sorted((found | needed) ^ (manifest.files.keys() & found)):
        raise ControlError(f"{strange[0]} is missing, or is not in the manifest", _OTHER_COPY)
    for name, sha256 in manifest.files.items():
        path = directory / name
        # A link could lead out of the archive.
        if path.is_symlink() or not path.is_file() or sha256_of(path) != sha256:
            raise ControlError(f"{name} differs from what was exported", _OTHER_COPY)
    if manifest.objects is not None:
        _check_objects(directory, manifest)
    return manifest


def _check_objects(directory: Path, manifest: Manifest) -> None:
    """Check that the list names the files of the archive, each with its checksum."""
    count = 0
    for stored in archived_objects(directory):
        count += 1
        if manifest.files.get(stored.file) != stored.sha256:
            raise ControlError(f"{stored.file} is not the object listed", _OTHER_COPY)
    if count != manifest.objects:
        raise ControlError(
            f"{OBJECT_LIST} lists {count} objects, not {manifest.objects}", _OTHER_COPY
        )

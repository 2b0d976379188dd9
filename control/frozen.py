"""Migrations freeze once applied or released: by content hash, for yoyo knows names only."""

from __future__ import annotations

import re
from pathlib import Path

from control.errors import ControlError
from control.sql_code import sha256_of
from control.text_files import read_text

_NAME = re.compile(r"[0-9]{4}_[a-z0-9_]+")
_RELEASED = re.compile(r"(?P<sha256>[0-9a-f]{64}) [ *](?P<name>\S+)")


def migration_files(root: Path) -> dict[str, Path]:
    """The forward migrations of a checkout by id, in their order."""
    paths = sorted((root / "migrations").glob("*.sql"))
    files = {path.stem: path for path in paths if not path.name.endswith(".rollback.sql")}
    for name in files:
        if not _NAME.fullmatch(name):
            raise ControlError(
                f"migrations/{name}.sql is not named as a migration",
                "call it NNNN_verb_object.sql, with the number after the last one",
            )
    return files


def check_applied(root: Path, applied: dict[str, str]) -> None:
    """Refuse when a migration that a database has was edited, renamed or removed since.

    `applied` maps the ids of applied migrations to the hash of what was applied, empty if unknown.
    """
    files = {name: sha256_of(path) for name, path in migration_files(root).items()}
    for name, sha256 in applied.items():
        if sha256 and name in files and files[name] != sha256:
            raise ControlError(
                f"migrations/{name}.sql was edited after it had been applied to this database",
                "restore the file (git checkout) and put the change into a migration of its own",
            )
        if name not in files:
            renamed = [other for other in files if files[other] == sha256]
            became = f"; it looks renamed to {renamed[0]}.sql" if renamed else ""
            raise ControlError(
                f"migrations/{name}.sql was applied to this database and is not there{became}",
                "restore the file under its name, or use the checkout that has it",
            )


def changed_since_release(root: Path) -> list[str]:
    """The released migrations that are no longer what they were.

    migrations/frozen.txt lists them as sha256sum prints them: content hash, file name.
    """
    path = root / "migrations" / "frozen.txt"
    present = {path.name: sha256_of(path) for path in migration_files(root).values()}
    return [name for name, sha256 in _released(path).items() if present.get(name) != sha256]


def _released(path: Path) -> dict[str, str]:
    """The hash of each released migration by file name."""
    released: dict[str, str] = {}
    for number, line in enumerate(read_text(path, "migrations/frozen.txt").splitlines(), start=1):
        entry = _RELEASED.fullmatch(line)
        if entry is None:
            raise ControlError(
                f"migrations/frozen.txt, line {number}: {line!r} is no hash and file name",
                "restore the file (git checkout migrations/frozen.txt)",
            )
        released[entry["name"]] = entry["sha256"]
    return released

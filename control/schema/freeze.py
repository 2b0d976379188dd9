"""Find migrations by name: their order, what must be beside each file, and when it freezes.

They freeze once applied or released, by content hash, for yoyo knows names only.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from control.errors import ControlError
from control.schema.code import sha256_of
from control.text_files import read_text

_NAME = re.compile(r"(?!0000)[0-9]{4}_[a-z0-9_]+")
_RELEASED = re.compile(r"(?P<sha256>[0-9a-f]{64}) [ *](?P<name>\S+)")
_ROLLBACK = ".rollback.sql"


def number_of(name: str) -> int:
    """Return the NNNN a migration's name starts with."""
    return int(name.partition("_")[0])


def migration_files(root: Path) -> dict[str, Path]:
    """Return the forward migrations of a checkout by id, in the order of their numbers."""
    folder = root / "migrations"
    paths = sorted([*folder.glob("*.py"), *folder.glob("*.sql")])
    files = {path.stem: path for path in paths if not path.name.endswith(_ROLLBACK)}
    if twice := [path.stem for path in folder.glob("*.py") if files[path.stem] != path]:
        raise ControlError(
            f"{twice[0]} is there as SQL and as Python",
            "keep one of the two files in migrations/",
        )
    numbers: dict[int, str] = {}
    for name in files:
        if not _NAME.fullmatch(name):
            raise ControlError(
                f"migrations/{files[name].name} is not named as a migration",
                "call it NNNN_verb_object.sql, with the number after the last one",
            )
        if other := numbers.get(number_of(name)):
            raise ControlError(
                f"migrations/{files[other].name} and migrations/{files[name].name} have the same"
                " number",
                f"rename the one that no database has to {_next(files)}_….sql, its rollback too",
            )
        numbers[number_of(name)] = name
    return files


def rollback_file(root: Path, name: str) -> Path:
    """Return the rollback of a migration, which must be there and say something."""
    path = root / "migrations" / f"{name}{_ROLLBACK}"
    if not path.is_file():
        raise ControlError(
            f"migrations/{name} cannot be rolled back: {path.name} is missing",
            "write it; where nothing is to be undone, a comment that says so is enough",
        )
    if not read_text(path, f"migrations/{path.name}").strip():
        raise ControlError(
            f"migrations/{path.name} is empty",
            "write what takes the migration back, or a comment that says why nothing does",
        )
    return path


def check_pending(root: Path, applied: Collection[str], pending: Collection[str]) -> None:
    """Refuse what must not be applied: out of its order, or without a way back."""
    newest = max(applied, key=number_of, default=None)
    late = [name for name in pending if newest and number_of(name) < number_of(newest)]
    if late:
        raise ControlError(
            f"migrations/{late[0]}.sql comes before {newest}, which this database has already",
            "other databases would apply them the other way round: rename it to"
            f" {_next([*applied, *pending])}_….sql, its rollback too",
        )
    for name in pending:
        rollback_file(root, name)


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
    """List the released migrations that are no longer what they were.

    migrations/frozen.txt lists them as sha256sum prints them: content hash, file name.
    """
    present = {path.name: sha256_of(path) for path in migration_files(root).values()}
    return [name for name, sha256 in released(root).items() if present.get(name) != sha256]


def _next(names: Collection[str]) -> str:
    """Return the number after the last one."""
    numbers = [number_of(name) for name in names if _NAME.fullmatch(name)]
    return f"{max(numbers, default=0) + 1:04}"


def released(root: Path) -> dict[str, str]:
    """Read the hash of each released migration by file name."""
    path = root / "migrations" / "frozen.txt"
    hashes: dict[str, str] = {}
    for number, line in enumerate(read_text(path, "migrations/frozen.txt").splitlines(), start=1):
        entry = _RELEASED.fullmatch(line)
        if entry is None:
            raise ControlError(
                f"migrations/frozen.txt, line {number}: {line!r} is no hash and file name",
                "restore the file (git checkout migrations/frozen.txt)",
            )
        hashes[entry["name"]] = entry["sha256"]
    return hashes

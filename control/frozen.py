"""Migrations freeze once applied or released: by content hash, for yoyo knows names only."""

from __future__ import annotations

from pathlib import Path

from control.errors import ControlError
from control.sql_code import sha256_of


def migration_files(root: Path) -> dict[str, Path]:
    """The forward migrations of a checkout by id, in their order."""
    paths = sorted((root / "migrations").glob("*.sql"))
    return {path.stem: path for path in paths if not path.name.endswith(".rollback.sql")}


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
    lines = (root / "migrations" / "frozen.txt").read_text(encoding="utf-8").splitlines()
    present = {path.name: sha256_of(path) for path in migration_files(root).values()}
    released = (line.split() for line in lines)
    return [name for sha256, name in released if present.get(name) != sha256]

"""List the backups of a folder, or of a vault."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from control.backups.archive import ARCHIVE, BASE, Archive
from control.backups.manifest import MANIFEST, find_backups
from control.backups.vault import Vault


def listed_backups(folder: Path) -> list[dict[str, Any]]:
    """Describe the complete backups below a folder, the oldest first."""
    seen = set[int]()
    bases = [
        _described(
            base.directory.name,
            datetime.fromisoformat(base.finished_at),
            _size_of(base.directory, seen),
        )
        for base in Archive(folder).bases
    ]
    return bases + [
        _described(
            backup.directory.name,
            datetime.fromisoformat(backup.made_at),
            _size_of(backup.directory, seen),
        )
        | {
            "rows": backup.row_count,
            "objects": backup.object_count,
            "has_keys": backup.has_keys,
        }
        for backup in find_backups(folder)
    ]


def listed_vault(vault: Vault) -> list[dict[str, Any]]:
    """Describe the complete backups of a vault, the oldest first; what is sealed stays so."""
    is_archive = vault.facts(ARCHIVE) is not None
    folder, last = (vault.below("base"), BASE) if is_archive else (vault, MANIFEST)
    sizes, made = Counter[str](), dict[str, datetime]()
    for kept in folder.files():
        name, _, file = kept.name.partition("/")
        sizes[name] += kept.size_bytes
        if file == last:
            made[name] = kept.written_at
    return [
        _described(name, made_at, sizes[name])
        for name, made_at in sorted(made.items(), key=lambda item: item[1])
    ]


def _described(name: str, made_at: datetime, size: int) -> dict[str, Any]:
    return {
        "name": name,
        "made_at": made_at.isoformat(timespec="seconds"),
        "age": _age(datetime.now(UTC) - made_at),
        "size_bytes": size,
        "rows": None,
        "objects": None,
        "has_keys": None,
    }


def _size_of(directory: Path, seen: set[int]) -> int:
    """Add up the files that no earlier backup of the list shares."""
    size = 0
    for path in directory.rglob("*"):
        found = path.stat()
        if path.is_file() and found.st_ino not in seen:
            size += found.st_size
            if found.st_nlink > 1:
                seen.add(found.st_ino)
    return size


def _age(past: timedelta) -> str:
    """Return how long ago something was, for people."""
    hours = int(past.total_seconds() // 3600)
    if hours < 1:
        return f"{int(past.total_seconds() // 60)} min old"
    return f"{hours} h old" if hours < 48 else f"{hours // 24} days old"

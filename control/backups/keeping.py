"""List the backups of a folder, and delete old ones."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from control.backups.manifest import Backup, find_backups


def listed_backups(folder: Path) -> list[dict[str, Any]]:
    """Describe the complete backups below a folder, the oldest first."""
    now, seen = datetime.now(UTC), set[int]()
    return [
        {
            "name": backup.directory.name,
            "made_at": backup.made_at,
            "age": _age(now - datetime.fromisoformat(backup.made_at)),
            "size_bytes": _size_of(backup.directory, seen),
            "rows": backup.row_count,
            "objects": sum(1 for _ in backup.objects()),
            "has_keys": backup.has_keys,
        }
        for backup in find_backups(folder)
    ]


def delete_older(folder: Path, keep: int) -> list[Backup]:
    """Delete all but the newest backups of a folder; files that a kept one shares stay in it."""
    old = find_backups(folder)[:-keep]
    for backup in old:
        # A backup that is half deleted must not look complete.
        gone = backup.directory.with_name(f"{backup.directory.name}.partial")
        shutil.rmtree(gone, ignore_errors=True)
        backup.directory.rename(gone)
        shutil.rmtree(gone)
    return old


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
